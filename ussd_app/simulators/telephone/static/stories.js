// Stories: offered in a panel, then told step by step beside the telephones.

import { call, phonePath } from "./api.js";
import { element } from "./beside.js";
import { Hand, Lost } from "./hand.js";

const PLACE = "story";
const AGAIN = "Try again";
const LABELS = {
  dial: (what, code) => `Dial ${what || code}`,
  choose: (what) => `Choose “${what}”`,
  press: (what) => `Type ${what}`,
  read: () => "Read the SMS",
};

export class Stories {
  /** `stations` are the telephones by number, as they stand on the page. */
  constructor(stations) {
    this.stations = stations;
    this.panel = document.getElementById("story");
    for (const name of ["about", "steps", "end", "said", "all"]) {
      this[name] = this.panel.querySelector(".story-" + name);
    }
    this.title = document.getElementById("story-title");
    this.panel.querySelector(".story-close").addEventListener("click", () => this.close());
    this.panel.querySelector(".story-again").addEventListener("click", () => this.begin());
    this.all.addEventListener("click", () => this.showAll(!this.panel.classList.contains("whole")));
    this.panel.addEventListener("keydown", (event) => event.key === "Escape" && this.close());
    setInterval(() => this.tick(), 250);
  }

  /** Offer what there is; nothing is shown where there is none. Opens the one that was open. */
  async load() {
    const { stories } = await call("GET", "/stories");
    document.getElementById("tales").hidden = stories.length === 0;
    document.getElementById("story-list").replaceChildren(...stories.map((story) => this.offer(story)));
    const story = stories.find((each) => kept(each)?.open);
    if (story) this.open(story);
  }

  offer(story) {
    const item = element("li", "");
    const button = element("button", "offer");
    button.type = "button";
    button.append(element("strong", "", story.title), element("small", "", story.about));
    button.addEventListener("click", () => {
      document.getElementById("stories").hidePopover();
      this.open(story);
      this.title.focus();
    });
    item.append(button);
    return item;
  }

  /** Open a story where it was left, or at its beginning. */
  open(story) {
    this.stop();
    this.story = story;
    this.title.textContent = story.title;
    this.about.textContent = story.about;
    this.rows = story.steps.map((step, at) => this.row(step, at + 1));
    this.steps.replaceChildren(...this.rows.map(({ item }) => item));
    this.panel.hidden = false;
    document.body.classList.add("with-story");
    this.showAll(false);
    const place = kept(story);
    if (place && place.at < story.steps.length) this.stand({ ...place, open: true });
    else this.begin();
  }

  close() {
    this.stop();
    keep({ ...this.place, open: false });
    this.story = null;
    this.panel.hidden = true;
    document.body.classList.remove("with-story");
    document.getElementById("tales").focus();
  }

  showAll(whole) {
    this.panel.classList.toggle("whole", whole);
    this.all.setAttribute("aria-expanded", String(whole));
    this.all.textContent = whole ? "This step" : "All steps";
  }

  row(step, number) {
    const item = element("li", "step");
    item.dataset.number = number;
    const buttons = element("div", "step-buttons");
    const row = {
      item,
      moves: step.moves.map(() => element("li", "")),
      clock: element("p", "step-clock"),
      lost: element("p", "step-lost"),
      go: element("button", "button button-strong"),
    };
    const next = element("button", "button", "Next");
    const moves = element("ol", "step-moves");
    row.moves.forEach((each, at) => (each.hidden = Boolean(step.moves[at].when)));
    moves.append(...row.moves);
    row.clock.setAttribute("role", "timer");
    row.lost.setAttribute("role", "alert");
    row.go.type = next.type = "button";
    row.go.hidden = step.moves.length === 0;
    row.go.addEventListener("click", () => this.play());
    next.addEventListener("click", () => this.done());
    buttons.append(row.go, next);
    item.append(element("p", "step-text", step.text), element("p", "step-why", step.why));
    item.append(moves, row.clock, row.lost, buttons);
    return row;
  }

  begin() {
    const all = [...this.stations.values()].flatMap(({ beside }) => beside.inbox ?? []);
    const since = all.reduce((latest, { at }) => (at > latest ? at : latest), "");
    this.stand({ title: this.story.title, open: true, at: 0, since, reached: Date.now() });
    this.said.textContent = "";
  }

  /** Stand before the step of this place. */
  stand(place) {
    this.stop();
    this.place = place;
    keep(place);
    this.rows.forEach(({ item, lost, moves }, at) => {
      item.toggleAttribute("aria-current", at === place.at);
      if (at === place.at) item.setAttribute("aria-current", "step");
      item.classList.toggle("done", at < place.at);
      lost.textContent = "";
      for (const move of moves) move.className = "";
    });
    this.end.hidden = place.at < this.rows.length;
    this.label();
    this.tick();
    (this.current?.item ?? this.end).scrollIntoView({ block: "nearest" });
  }

  get current() {
    return this.rows[this.place.at];
  }

  get step() {
    return this.story.steps[this.place.at];
  }

  label() {
    if (!this.step) return;
    const station = this.stations.get(this.step.phone);
    const code = document.getElementById("service-code").textContent;
    this.current.go.textContent = `Do it on ${station ? firstName(station.phone) : this.step.phone}’s phone`;
    this.step.moves.forEach(({ do: deed, what }, at) => {
      this.current.moves[at].textContent = LABELS[deed](this.filled(what), code);
    });
  }

  /** With the PIN of the phone's card in its place, or the one that is chosen now. */
  filled(what) {
    const pin = this.stations.get(this.step.phone)?.phone.pin;
    const { pins } = this.step;
    return what.replace("{pin}", pin || "the PIN").replace("{new}", pins[(pins.indexOf(pin) + 1) % pins.length]);
  }

  async play() {
    if (this.playing) return;
    const row = this.current;
    this.showAll(false);
    const { signal } = (this.playing = new AbortController());
    row.lost.textContent = "";
    row.go.setAttribute("aria-disabled", "true");
    try {
      const station = this.stations.get(this.step.phone);
      if (!station) throw new Lost(`The phone ${this.step.phone} is not here: add it.`);
      const hand = new Hand(station, this.place.since, signal);
      for (const [at, move] of this.step.moves.entries()) {
        row.moves.forEach((each, place) => (each.className = place < at ? "made" : place === at ? "making" : ""));
        await hand.make({ ...move, what: this.filled(move.what) });
      }
      this.done();
    } catch (problem) {
      if (signal.aborted) return;
      this.stop();
      if (!(problem instanceof Lost)) throw problem;
      row.lost.textContent = `The story stops here. ${problem.message}`;
      row.go.textContent = AGAIN;
    }
  }

  stop() {
    this.playing?.abort();
    this.playing = null;
    for (const { go } of this.rows ?? []) go.removeAttribute("aria-disabled");
  }

  done() {
    this.noteNewPin();
    const wasHere = this.panel.contains(document.activeElement);
    this.stand({ ...this.place, at: this.place.at + 1, reached: Date.now() });
    const { at } = this.place;
    this.said.textContent = this.step ? `Step ${at + 1} of ${this.rows.length}: ${this.step.text}` : this.end.textContent;
    if (wasHere) (this.current?.item.querySelector("button:not([hidden])") ?? this.title).focus({ preventScroll: true });
  }

  /** Put the PIN that was chosen on the card, also for who looks at it later. */
  noteNewPin() {
    const station = this.stations.get(this.step.phone);
    if (!station || !this.step.pins.length) return;
    const pin = this.filled("{new}");
    call("PUT", phonePath(this.step.phone, "pin"), { pin });
    station.phone = { ...station.phone, pin };
  }

  /** Show the time left of a step that waits, and go on when it is over. */
  tick() {
    if (!this.story || !this.step?.seconds) return;
    const left = Math.ceil(this.step.seconds - (Date.now() - this.place.reached) / 1000);
    const two = (number) => String(number).padStart(2, "0");
    const hours = left >= 3600 ? `${Math.floor(left / 3600)}:${two(Math.floor(left / 60) % 60)}` : Math.floor(left / 60);
    if (left <= 0) this.done();
    else this.current.clock.textContent = `${hours}:${two(left % 60)} left`;
  }
}

/** The place where this story was left, in this tab of the browser. */
function kept(story) {
  const place = JSON.parse(sessionStorage.getItem(PLACE) || "null");
  return place?.title === story.title ? place : null;
}

function keep(place) {
  sessionStorage.setItem(PLACE, JSON.stringify(place));
}

function firstName({ name, phone }) {
  return name.split(" ")[0] || phone;
}
