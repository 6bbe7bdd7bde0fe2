// The twelve keys: what each types, and in letters mode what it types when pressed again and again.

const KEYS = [
  ["1", ".,?!@'-1"], ["2", "abc2"], ["3", "def3"],
  ["4", "ghi4"], ["5", "jkl5"], ["6", "mno6"],
  ["7", "pqrs7"], ["8", "tuv8"], ["9", "wxyz9"],
  ["*", "*+"], ["0", " 0"], ["#", "#"],
];
const LETTERS = { 1: "", "*": "+", 0: "␣", "#": "" };
const AGAIN_MS = 900;

/** Put the twelve keys into the phone. */
export function layKeys(keys) {
  for (const [digit, letters] of KEYS) {
    const key = document.createElement("button");
    const small = LETTERS[digit] ?? letters.slice(0, -1);
    key.type = "button";
    key.className = "key digit";
    key.dataset.key = digit;
    key.tabIndex = -1;
    key.setAttribute("aria-label", `${digit} ${LETTERS[digit] === undefined ? small : ""}`.trim());
    key.append(spanOf("d", digit), spanOf("l", small));
    keys.append(key);
  }
}

/** Several presses of one key walk through its letters, as on a real phone. */
export class Letters {
  constructor() {
    this.last = null;
    this.turn = 0;
    this.at = 0;
  }

  /** Return the letter this press gives, and whether it takes the place of the one before. */
  press(digit) {
    const choices = KEYS.find(([key]) => key === digit)[1];
    const again = this.last === digit && performance.now() - this.at < AGAIN_MS && choices.length > 1;
    this.turn = again ? (this.turn + 1) % choices.length : 0;
    this.last = digit;
    this.at = performance.now();
    return { letter: choices[this.turn], again };
  }

  forget() {
    this.last = null;
  }
}

function spanOf(name, text) {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}
