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

document.addEventListener("htmx:configRequest", (event) => {
  const token = document.querySelector("meta[name=csrf]");
  if (token) event.detail.headers["X-CSRFToken"] = token.content;
});
