// `/` goes to the search, the arrows walk a list. Every page works without this.
"use strict";
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/" && !typing(event.target)) {
    const search = document.querySelector("input[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  const rows = [...document.querySelectorAll("table.list tbody a.row-link")];
  const here = rows.indexOf(document.activeElement);
  const fromSearch = event.target.matches("input[type=search]") && step === 1;
  if (!rows.length || (here < 0 && !fromSearch && typing(event.target))) return;
  event.preventDefault();
  rows[Math.max(0, Math.min(rows.length - 1, here + step))].focus();
});

// Back to a list as it was left: with its filter, its search and its page.
const listed = (path) => `list ${path}`;
if (document.querySelector(".filters")) sessionStorage.setItem(listed(location.pathname), location.search);
const back = document.querySelector(".back a");
const left = back && sessionStorage.getItem(listed(back.pathname));
if (left) back.search = left;

// The live list: whoever pauses, or looks elsewhere, asks no more and goes on from the same place.
const live = document.querySelector("[data-live]");
if (live && window.EventSource) {
  const ROWS_MOST = 60, AGAIN_MILLISECONDS = 12000;
  const [status, pause] = [live.querySelector("[role=status]"), live.querySelector("button")];
  let place = live.dataset.place, count = 0, failures = 0, source = null, again = 0;

  const stop = () => { clearTimeout(again); if (source) source.close(); source = null; };
  const paused = () => pause.getAttribute("aria-pressed") === "true";
  const start = () => {
    stop();
    if (paused() || document.hidden) return;
    source = new EventSource(`${live.dataset.live}?since=${encodeURIComponent(place)}`);
    source.addEventListener("open", () => { failures = 0; });
    source.addEventListener("message", (event) => {
      place = event.lastEventId;
      const rows = document.querySelector("table.list tbody");
      if (!rows) { location.reload(); return; }
      rows.insertAdjacentHTML("afterbegin", event.data);
      rows.firstElementChild.classList.add("fresh");
      while (rows.rows.length > ROWS_MOST && !rows.lastElementChild.contains(document.activeElement)) rows.lastElementChild.remove();
      count += 1;
      status.textContent = live.dataset.new.replace("{count}", count);
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      failures += 1;
      if (failures < 5) again = setTimeout(start, AGAIN_MILLISECONDS);
      else status.textContent = live.dataset.lost;
    });
  };

  pause.addEventListener("click", () => { pause.setAttribute("aria-pressed", String(!paused())); start(); });
  document.addEventListener("visibilitychange", start);
  window.addEventListener("pagehide", stop);
  live.hidden = false;
  start();
}

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector("meta[name=csrf]");
  if (token) event.detail.headers["X-CSRFToken"] = token.content;
});
