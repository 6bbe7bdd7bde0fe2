// A hand: does the moves of a story on a telephone, by the keys that everybody presses.

const PACE = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0.05 : 1;
const KEY_MS = 150 * PACE;
const READING_MS = 800 * PACE;
const LOOK_MS = 50;
const PATIENCE_MS = 30_000;

/** What was seen is not what the story expected; the message is for the visitor. */
export class Lost extends Error {}

export class Hand {
  /** Only SMS later than `since` are read; `signal` lets go of the telephone. */
  constructor(station, since, signal) {
    this.station = station;
    this.since = since;
    this.signal = signal;
  }

  /** Make one move; Lost if something else is seen then than the story says. */
  async make({ do: deed, what, sees, when }) {
    const { handset } = this.station;
    if (when && !says(handset.shownText, when)) return this.expect(sees);
    if (deed === "read") return this.read(sees);
    if (deed === "dial") await this.dial(what || handset.serviceCode);
    else await this.send(deed === "press" ? what : this.keyOf(what));
    await this.until(() => handset.state !== "busy", "No answer came.");
    this.expect(sees);
    await this.pause(READING_MS);
  }

  expect(words) {
    if (says(this.station.handset.shownText, words)) return;
    throw new Lost(`I expected a screen that says “${words}”.`);
  }

  async dial(code) {
    const { handset } = this.station;
    this.station.reveal();
    await this.until(() => handset.state !== "busy", "The phone is busy.");
    if (handset.state !== "idle") handset.press("red");
    await this.until(() => handset.state === "idle", "The phone does not hang up.");
    await this.send(code);
  }

  async send(keys) {
    const { handset } = this.station;
    if (handset.letters) handset.mode.click();
    while (handset.input.value && !handset.fresh) handset.press("clear");
    for (const key of keys) {
      handset.press(key);
      await this.pause(KEY_MS);
    }
    handset.press("green");
  }

  /** The number beside these words in the list on the screen. */
  keyOf(words) {
    for (const line of this.station.handset.shownText.split("\n")) {
      const [, number, label] = line.match(/^(\d+)\. (.*)$/) ?? [];
      if (number && says(label, words, { whole: true })) return number;
    }
    throw new Lost(`I expected a list with “${words}” on the screen.`);
  }

  async read(words) {
    const { beside } = this.station;
    const find = () => beside.inbox.find((sms) => !sms.mine && sms.at > this.since && says(sms.text, words));
    await this.until(find, `I expected an SMS that says “${words}”.`);
    beside.point(find().id);
    await this.pause(2 * READING_MS);
    beside.read();
  }

  async until(isSo, complaint) {
    const deadline = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      if (performance.now() > deadline) throw new Lost(complaint);
      await this.pause(LOOK_MS);
    }
  }

  async pause(ms) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.signal.throwIfAborted();
  }
}

/** Whether the words are in the text; "…" stands for anything, a space for any white space. */
function says(text, words, { whole = false } = {}) {
  const pattern = words.trim().replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\s*…\s*/g, "[^]*").replace(/\s+/g, "\\s+");
  return new RegExp(whole ? `^${pattern}$` : pattern).test(text);
}
