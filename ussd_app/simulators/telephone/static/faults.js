// The panel of things that go wrong, in plain words.

import { call } from "./api.js";
import { element } from "./beside.js";

const OFFERED = [
  ["Slow network", "each step takes 3 seconds longer", { name: "ussd.slow", seconds: 3 }],
  ["Steps arrive twice", "at the same moment", { name: "ussd.duplicate" }],
  ["Steps arrive again", "4 seconds later", { name: "ussd.late_duplicate", seconds: 4 }],
  ["Answers get lost", "about every third", { name: "ussd.lost_answer", rate: 0.34 }],
  ["The line drops", "after about every third step", { name: "ussd.cut", rate: 0.34 }],
  ["SMS come late", "by 10 seconds", { name: "sms.late", seconds: 10 }],
  ["SMS service is down", "nothing is accepted", { name: "sms.error_before" }],
  ["SMS service lies", "sends the SMS, answers an error", { name: "sms.error_after" }],
  ["Delivery reports get lost", "about every second", { name: "report.drop", rate: 0.5 }],
];

export class FaultPanel {
  constructor() {
    this.list = document.getElementById("fault-list");
    this.more = document.getElementById("fault-more");
    this.lamp = document.getElementById("weather");
    this.word = document.getElementById("weather-word");
    this.switches = OFFERED.map(([title, how, fault], place) => this.row(title, how, fault, place));
    document.getElementById("fault-none").addEventListener("click", () => this.put([]));
  }

  row(title, how, fault, place) {
    const item = element("li", "");
    const label = element("label", "switch");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.setAttribute("role", "switch");
    box.id = `fault-${place}`;
    const words = element("span", "switch-words");
    words.append(element("strong", "", title), element("small", "", how));
    label.append(box, element("i", "knob"), words);
    item.append(label);
    this.list.append(item);
    box.addEventListener("change", () => this.flip(fault, box.checked));
    return { box, fault };
  }

  async load() {
    this.draw((await call("GET", "/control/faults")).faults);
  }

  flip(fault, on) {
    const others = this.on.filter((each) => each.name !== fault.name);
    return this.put(on ? [...others, fault] : others);
  }

  async put(faults) {
    this.draw((await call("PUT", "/control/faults", { faults })).faults);
  }

  draw(faults) {
    this.on = faults;
    for (const { box, fault } of this.switches) box.checked = faults.some((each) => each.name === fault.name);
    const elsewhere = faults.filter((each) => !this.switches.some(({ fault }) => fault.name === each.name));
    this.more.textContent = elsewhere.length ? `Also on: ${elsewhere.map((each) => each.name).join(", ")}` : "";
    const { length } = faults;
    this.word.textContent = length === 0 ? "Network is fine" : length === 1 ? "1 fault on" : `${length} faults on`;
    this.lamp.classList.toggle("stormy", length > 0);
  }
}
