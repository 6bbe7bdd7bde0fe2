// One telephone: its screen, its keys, and what a press of them means.

import { call, phonePath } from "./api.js";
import { Letters, layKeys } from "./keypad.js";

const SCREEN_LIMIT = 160;
const SOFT_KEYS = {
  idle: ["Call", "Clear"],
  busy: ["", "Cancel"],
  asking: ["Send", "Exit"],
  over: ["Redial", "Exit"],
};

export class Handset {
  /** `changed` is called when something happened here that the page has not heard of yet. */
  constructor(root, phone, serviceCode, changed) {
    this.root = root;
    this.number = phone.phone;
    this.serviceCode = serviceCode;
    this.changed = changed;
    this.session = phone.session;
    this.dismissed = this.session?.ends ? this.session.session_id : null;
    this.busy = 0;
    this.touched = 0;
    this.notice = "";
    this.shown = "";
    this.hidden = false;
    this.letters = null;
    for (const name of ["handset", "lcd", "frame", "entry", "count", "clock", "mail", "mode", "hide", "pane"]) {
      this[name] = root.querySelector("." + name);
    }
    this.input = this.entry.querySelector("input");
    layKeys(root.querySelector(".keys"));
    this.listen();
    this.idle();
    this.draw();
  }

  /** Take over what the company says of the phone, unless it said so before the last key was pressed. */
  update(session, askedAt) {
    if (this.busy || askedAt < this.touched) return false;
    this.session = session;
    this.draw();
    return true;
  }

  get state() {
    if (this.busy || (this.session?.waiting && !this.session.ends)) return "busy";
    if (this.notice) return "over";
    if (!this.session) return "idle";
    if (!this.session.ends) return "asking";
    return this.session.session_id === this.dismissed ? "idle" : "over";
  }

  /** What stands on the screen, while the screen is there to be read. */
  get shownText() {
    return this.state === "asking" || this.state === "over" ? this.frame.textContent : "";
  }

  press(key) {
    this.flash(key);
    if (key === "green") this.green();
    else if (key === "red") this.red();
    else if (key === "clear") this.clear();
    else if (key === "up" || key === "down") this.scroll(key === "up" ? -1 : 1);
    else this.tap(key);
  }

  green() {
    const { state } = this;
    if (state === "idle") this.dial(this.input.value);
    else if (state === "over") this.dial(this.serviceCode);
    else if (state === "asking") this.act("reply", { text: this.input.value });
  }

  async red() {
    const { state } = this;
    this.notice = "";
    if (state === "idle" || state === "over") this.dismissed = this.session?.session_id ?? null;
    else await this.hangUp();
    this.idle();
    this.draw();
  }

  clear() {
    const { input } = this;
    this.letters?.forget();
    if (this.state === "over") return this.red();
    input.value = this.fresh ? "" : input.value.slice(0, -1);
    this.fresh = false;
  }

  tap(digit) {
    if (this.state === "over") this.red();
    if (this.letters && this.state === "asking") {
      const { letter, again } = this.letters.press(digit);
      if (again) this.input.value = this.input.value.slice(0, -1);
      this.type(letter);
    } else this.type(digit);
  }

  type(characters) {
    if (this.state === "busy") return;
    if (this.fresh) this.input.value = "";
    this.fresh = false;
    this.input.value = (this.input.value + characters).slice(0, this.input.maxLength);
    this.input.scrollLeft = this.input.scrollWidth;
  }

  scroll(way) {
    this.frame.scrollBy({ top: way * 51 });
  }

  idle() {
    this.input.value = this.serviceCode;
    this.fresh = true;
  }

  async dial(code) {
    this.notice = "";
    if (!code) return this.idle();
    await this.act("dial", { code });
  }

  async act(key, body) {
    this.busy += 1;
    this.draw();
    try {
      const session = await call("POST", phonePath(this.number, key), body);
      if (session.session_id) this.session = session;
      else this.notice = session.operator_error;
    } catch (error) {
      this.notice = error.message;
    }
    this.busy -= 1;
    this.touched = performance.now();
    this.draw();
    this.changed();
  }

  async hangUp() {
    try {
      this.session = await call("POST", phonePath(this.number, "hangup"));
      this.dismissed = this.session.session_id;
    } catch {
      this.dismissed = this.session?.session_id ?? null; // it was over already
    }
    this.touched = performance.now();
    this.changed();
  }

  draw() {
    const { state, session } = this;
    const text = this.notice || session?.operator_error || session?.screen || "";
    const screen = `${state} ${session?.session_id} ${session?.hops.length} ${text}`;
    if (screen !== this.shown && state !== "busy") {
      this.shown = screen;
      this.show(state, text, text === session?.screen ? session.septets : 0);
    }
    this.lcd.dataset.state = state;
    this.lcd.classList.toggle("trouble", state === "over" && Boolean(this.notice || session?.operator_error));
    const [green, red] = SOFT_KEYS[state];
    this.name("green", green);
    this.name("red", red);
    this.input.readOnly = state === "busy" || state === "over";
    this.tick();
  }

  show(state, text, used) {
    const written = state === "asking" || state === "over" ? text : "";
    this.frame.textContent = written;
    this.frame.scrollTop = 0;
    this.showMore();
    this.count.textContent = written && used ? `${used}/${SCREEN_LIMIT}` : "";
    this.count.classList.toggle("over", used > SCREEN_LIMIT);
    this.letters?.forget();
    if (state === "idle") this.idle();
    else this.input.value = "";
    if (state !== "idle") this.fresh = false;
  }

  showMore() {
    const { scrollHeight, scrollTop, clientHeight } = this.frame;
    this.pane.classList.toggle("more", scrollHeight - scrollTop - clientHeight > 4);
  }

  name(colour, word) {
    this.root.querySelector(".soft-" + colour).textContent = word;
    this.root.querySelector(".key." + colour).setAttribute("aria-label", word || "Call");
  }

  /** Called each second: a clock while idle, the time left while in a session. */
  tick() {
    const now = new Date().toTimeString().slice(0, 5);
    this.root.querySelector(".big").textContent = now;
    const left = this.state === "asking" ? this.secondsLeft() : null;
    this.clock.textContent = left === null ? now : `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.clock.title = left === null ? "" : "Time left in this session";
  }

  secondsLeft() {
    const first = this.session.hops[0];
    const gone = first ? (Date.now() - Date.parse(first.sent_at)) / 1000 : 0;
    const whole = this.whole?.id === this.session.session_id ? this.whole.seconds : this.session.seconds_left + gone;
    this.whole = { id: this.session.session_id, seconds: whole };
    return Math.max(0, Math.round(whole - gone));
  }

  flash(key) {
    const button = this.root.querySelector(`[data-key="${CSS.escape(key)}"]`);
    button?.classList.add("down");
    setTimeout(() => button?.classList.remove("down"), 120);
  }

  setLetters(on) {
    this.letters = on ? new Letters() : null;
    this.mode.textContent = on ? "abc" : "123";
  }

  setHidden(on) {
    this.hidden = on;
    this.hide.setAttribute("aria-pressed", String(on));
    this.hide.textContent = on ? "show" : "hide";
    this.root.classList.toggle("secret", on);
    this.changed();
  }

  listen() {
    this.handset.addEventListener("mousedown", (event) => {
      if (event.target === this.input) return;
      event.preventDefault(); // a key that kept the focus would be pressed again by Enter
      this.handset.focus({ preventScroll: true });
    });
    this.handset.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]")?.dataset.key;
      if (key) this.press(key);
    });
    this.handset.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("beforeinput", (event) => {
      if (this.fresh && event.data) this.input.value = "";
      this.fresh = false;
    });
    this.frame.addEventListener("scroll", () => this.showMore());
    this.mode.addEventListener("click", () => this.setLetters(!this.letters));
    this.hide.addEventListener("click", () => this.setHidden(!this.hidden));
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const onButton = event.target.closest("button");
    const { key } = event;
    if (key === "Enter" && !onButton) this.press("green");
    else if (key === "Escape") this.press("red");
    else if (key === "ArrowUp" || key === "ArrowDown") this.press(key === "ArrowUp" ? "up" : "down");
    else if (event.target === this.input) return;
    else if (key === "Backspace") this.press("clear");
    else if (key.length === 1 && !(key === " " && onButton)) this.typeKey(key);
    else return;
    event.preventDefault();
  }

  typeKey(key) {
    if (this.state === "over") this.red();
    this.flash(key);
    this.type(key);
  }
}
