// The shelf: one station a phone, kept fresh by asking the simulator what changed.

import { call, phonePath } from "./api.js";
import { Beside, element } from "./beside.js";
import { FaultPanel } from "./faults.js";
import { Handset } from "./handset.js";
import { Stories } from "./stories.js";

const POLL_MS = 500;
const RESTING_POLL_MS = 3000;
const COLOURS = 6;

const shelf = document.getElementById("shelf");
const tabs = document.getElementById("tabs");
const trouble = document.getElementById("trouble");
const stations = new Map();
let revision = -1;
let colour = 0;

function build(phone, world) {
  const root = document.getElementById("station").content.cloneNode(true).firstElementChild;
  const name = phone.name || phone.phone;
  root.id = `phone-${phone.phone.slice(1)}`;
  root.setAttribute("aria-label", `Phone of ${name}`);
  root.querySelector(".handset").dataset.colour = colour++ % COLOURS;
  root.querySelector(".handset").setAttribute("aria-label", `Keypad phone of ${name}: type on it`);
  root.querySelector(".owner").textContent = name;
  fillCard(root, phone, name);
  const reveal = () => show(root);
  const station = { root, phone, reveal, tab: buildTab(name, reveal) };
  station.beside = new Beside(root, phone, world.short_code);
  station.handset = new Handset(root, phone, world.service_code, () => refresh(station));
  shelf.append(root);
  watcher.observe(root);
  return station;
}

function refresh(station) {
  station.beside.update({ ...station.phone, session: station.handset.session }, station.handset.hidden);
  revision = -1;
}

function fillCard(root, phone, name) {
  fill(root, ".card strong", name);
  fillPin(root, phone);
  root.querySelector(".pin").addEventListener("click", () => notePin(phone.phone));
  fill(root, ".card-phone", phone.phone.replace(/^(\+254)(\d{3})(\d{3})(\d{3})$/, "$1 $2 $3 $4"));
  fill(root, ".card-note", phone.note);
  const remove = root.querySelector(".remove");
  remove.setAttribute("aria-label", `Remove the phone of ${name}`);
  remove.addEventListener("click", () => call("DELETE", phonePath(phone.phone)).then(poll));
}

function fill(root, selector, text) {
  const place = root.querySelector(selector);
  place.textContent = text;
  place.hidden = !text;
}

function fillPin(root, { name, phone, pin }) {
  fill(root, ".pin", pin && `PIN ${pin}`);
  root.querySelector(".pin").setAttribute("aria-label", `PIN ${pin} of ${name || phone}: note another`);
}

/** A PIN that was changed by hand is noted by hand: the page hears of no PIN. */
function notePin(number) {
  const { phone } = stations.get(number);
  const pin = prompt(`${phone.name || number} has changed the PIN? Note it here, for the stories:`, phone.pin);
  if (pin) call("PUT", phonePath(number, "pin"), { pin }).then(poll);
}

function buildTab(name, reveal) {
  const tab = element("button", "tab", name);
  tab.type = "button";
  tab.addEventListener("click", reveal);
  tabs.append(tab);
  return tab;
}

/** Bring a telephone before the eyes: on a narrow page from beside, on a wide one from below. */
function show(root) {
  const isNarrow = tabs.offsetParent !== null;
  if (!isNarrow) return root.querySelector(".handset").scrollIntoView({ block: "nearest", behavior: "smooth" });
  shelf.scrollTo({ left: root.offsetLeft, behavior: "smooth" });
  scrollTo({ top: 0, behavior: "smooth" });
}

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      for (const { root, tab } of stations.values()) {
        if (root === target) tab.toggleAttribute("aria-current", isIntersecting);
      }
    }
  },
  { root: shelf, threshold: 0.6 },
);

function draw(world, askedAt) {
  document.getElementById("service-code").textContent = world.service_code;
  const here = new Set(world.phones.map((phone) => phone.phone));
  for (const [number, station] of stations) {
    if (here.has(number)) continue;
    station.root.remove();
    station.tab.remove();
    stations.delete(number);
  }
  let whole = true;
  for (const phone of world.phones) {
    if (!stations.has(phone.phone)) stations.set(phone.phone, build(phone, world));
    const station = stations.get(phone.phone);
    fillPin(station.root, phone);
    station.phone = phone;
    whole = station.handset.update(phone.session, askedAt) && whole;
    station.beside.update({ ...phone, session: station.handset.session }, station.handset.hidden);
  }
  shelf.classList.toggle("none", stations.size === 0);
  revision = whole ? world.revision : -1;
}

async function poll() {
  const askedAt = performance.now();
  try {
    const world = await call("GET", `/phones${revision < 0 ? "" : `?since=${revision}`}`);
    if (world) draw(world, askedAt);
    trouble.textContent = "";
  } catch {
    trouble.textContent = "The simulator does not answer.";
  }
}

async function keepPolling() {
  await poll();
  setTimeout(keepPolling, document.hidden ? RESTING_POLL_MS : POLL_MS);
}

/** Show a call that was opened elsewhere, at the screen it is at: #adopt=<session>&phone=<number>. */
async function adopt() {
  const wish = new URLSearchParams(location.hash.slice(1));
  const [session, number] = [wish.get("adopt"), wish.get("phone")];
  if (!session || !number) return;
  history.replaceState(null, "", location.pathname);
  if (!stations.has(number)) await call("POST", "/phones", { phone: number, name: "" });
  await call("POST", phonePath(number, "adopt"), { session_id: session });
  revision = -1;
  await poll();
  show(stations.get(number).root);
  stations.get(number).handset.handset.focus({ preventScroll: true });
}

const newcomer = document.getElementById("newcomer");
const fields = newcomer.elements;
newcomer.addEventListener("submit", async (event) => {
  event.preventDefault();
  const error = newcomer.querySelector(".error");
  error.textContent = "";
  try {
    const added = await call("POST", "/phones", { phone: fields.phone.value, name: fields.name.value });
    newcomer.reset();
    newcomer.hidePopover();
    await poll();
    stations.get(added.phone)?.root.scrollIntoView({ block: "nearest", inline: "center" });
    stations.get(added.phone)?.handset.handset.focus({ preventScroll: true });
  } catch (problem) {
    error.textContent = problem.message;
  }
});
newcomer.addEventListener("toggle", (event) => event.newState === "open" && fields.phone.focus());

addEventListener("unhandledrejection", (event) => {
  trouble.textContent = event.reason.message;
});

const panel = new FaultPanel();
document.getElementById("faults").addEventListener("toggle", () => panel.load());
panel.load().catch(() => {});
setInterval(() => stations.forEach(({ handset }) => handset.tick()), 1000);
addEventListener("hashchange", adopt);
keepPolling().then(() => {
  new Stories(stations).load();
  return adopt();
});
