// What stands beside a telephone: its messages and the hops of its session.

import { call, phonePath } from "./api.js";

const SEEN = "seen-sms";
const BUZZ_MS = 500;
const POINTED_MS = 4000;
const POINTED_ROOM = 4;
const SHOWN_SENT = 11;

export class Beside {
  constructor(root, phone, shortCode) {
    this.root = root;
    this.number = phone.phone;
    this.seen = new Set(JSON.parse(sessionStorage.getItem(SEEN + this.number) || "[]"));
    this.ids = null;
    this.hopsShown = "";
    this.list = root.querySelector(".messages");
    this.badge = root.querySelector(".badge");
    this.mail = root.querySelector(".mail");
    this.hops = root.querySelector(".hops ol");
    const inbox = root.querySelector(".inbox");
    for (const name of ["pointerenter", "focusin", "click"]) inbox.addEventListener(name, () => this.read());
    const write = root.querySelector(".write");
    write.text.placeholder = `To ${shortCode}`;
    write.text.setAttribute("aria-label", `Write an SMS to ${shortCode}`);
    write.addEventListener("submit", (event) => this.send(event));
  }

  update(phone, hidden) {
    const sent = phone.outbox.map((sms) => ({ ...sms, mine: true }));
    this.drawInbox([...phone.inbox, ...sent].sort((one, other) => (one.at < other.at ? 1 : -1)));
    this.root.querySelector(".stopped").hidden = !phone.opted_out;
    this.drawHops(phone.session?.hops ?? [], hidden);
  }

  drawInbox(inbox) {
    const first = this.ids === null;
    const before = this.ids ?? new Set();
    this.ids = new Set(inbox.map((sms) => sms.id));
    this.inbox = inbox;
    if (first && !this.seen.size) this.seen = new Set(this.ids);
    const fresh = inbox.filter((sms) => !before.has(sms.id));
    if (fresh.length || before.size !== this.ids.size) {
      this.list.replaceChildren(...inbox.map((sms) => this.message(sms, !first && !before.has(sms.id))));
      if (!first && fresh.some((sms) => !sms.mine)) this.buzz();
    }
    this.root.querySelector(".empty").hidden = inbox.length > 0;
    this.count();
  }

  message(sms, arriving) {
    const item = element("li", "message");
    item.dataset.id = sms.id;
    item.classList.toggle("arriving", arriving);
    item.classList.toggle("unread", this.isUnread(sms));
    item.classList.toggle("mine", Boolean(sms.mine));
    const head = element("p", "message-head");
    head.append(element("span", "from", sms.mine ? `To ${sms.to}` : sms.from), element("time", "", clock(sms.at)));
    item.append(head, element("p", "message-text", sms.text));
    if (sms.parts > 1) item.append(element("p", "message-parts", `sent as ${sms.parts} SMS`));
    return item;
  }

  count() {
    const unread = this.inbox.filter((sms) => this.isUnread(sms)).length;
    for (const mark of [this.badge, this.mail]) {
      mark.hidden = unread === 0;
      mark.textContent = unread;
      mark.setAttribute("aria-label", `${unread} unread`);
    }
  }

  read() {
    if (!this.inbox?.some((sms) => this.isUnread(sms))) return;
    this.seen = new Set(this.ids);
    sessionStorage.setItem(SEEN + this.number, JSON.stringify([...this.seen]));
    for (const item of this.list.children) item.classList.remove("unread", "arriving");
    this.count();
  }

  /** Bring one message before the reader's eyes. */
  point(id) {
    const item = this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
    this.root.querySelector(".inbox").scrollIntoView({ block: "nearest", behavior: "smooth" });
    this.list.scrollTop = item.offsetTop - this.list.offsetTop - POINTED_ROOM;
    item.classList.add("pointed");
    setTimeout(() => item.classList.remove("pointed"), POINTED_MS);
  }

  isUnread(sms) {
    return !sms.mine && !this.seen.has(sms.id);
  }

  buzz() {
    const handset = this.root.querySelector(".handset");
    handset.classList.add("buzz");
    setTimeout(() => handset.classList.remove("buzz"), BUZZ_MS);
  }

  drawHops(hops, hidden) {
    const shown = JSON.stringify([hops, hidden]);
    if (shown === this.hopsShown) return;
    this.hopsShown = shown;
    const open = new Set([...this.hops.querySelectorAll("details[open]")].map((each) => each.dataset.place));
    this.root.querySelector(".hops-count").textContent = hops.length;
    this.hops.replaceChildren(...hops.map((each, place) => hop(each, place, hidden, open.has(String(place)))));
  }

  async send(event) {
    event.preventDefault();
    const { text } = event.target;
    const words = text.value;
    text.value = "";
    try {
      await call("POST", phonePath(this.number, "sms"), { text: words });
    } catch (error) {
      text.value = words;
      throw error;
    }
  }
}

function hop(each, place, hidden, open) {
  const item = element("li", "hop");
  const details = element("details", "");
  details.dataset.place = place;
  details.open = open;
  const summary = element("summary", "");
  const sent = hidden ? each.text.replace(/[^*]/g, "•") : each.text;
  summary.append(
    element("span", "hop-number", each.copy_of ? "↻" : each.number),
    element("code", "hop-sent", tail(sent) || "start"),
    element("span", "hop-ms", each.took_ms === null ? "…" : `${each.took_ms} ms`),
  );
  details.append(summary);
  if (tail(sent) !== sent) details.append(element("code", "hop-text", sent));
  const marks = [each.label, each.copy_of, ...each.faults, each.error, each.too_long && "cut: too long", each.outside_gsm && `not GSM-7: ${each.outside_gsm}`];
  for (const mark of marks.filter(Boolean)) {
    details.append(element("span", mark === each.label ? "mark" : "mark mark-bad", mark));
  }
  details.append(element("pre", "hop-answer", each.answer ?? "no answer"));
  item.append(details);
  return item;
}

/** The end of what was sent, since that is what the caller typed last. */
function tail(text) {
  return text.length > SHOWN_SENT ? `…${text.slice(1 - SHOWN_SENT)}` : text;
}

function clock(moment) {
  return new Date(moment).toTimeString().slice(0, 5);
}

export function element(tag, className, text = "") {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.textContent = text;
  return made;
}
