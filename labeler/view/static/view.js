// Keys, and changes without a reload. Every page works without this file.
"use strict";

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const visible = (element) => element.offsetParent !== null || element.getClientRects().length > 0;
let at = -1; // the line or step that keys are about

function select(index, scroll = true) {
  const items = all("[data-item]");
  if (!items.length) return;
  at = Math.max(0, Math.min(index, items.length - 1));
  items.forEach((item, i) => {
    item.classList.toggle("at", i === at);
    const details = item.querySelector(":scope > details");
    if (details) details.open = i === at;
  });
  if (scroll) items[at].scrollIntoView({ block: "nearest" });
}

// Sends a form and puts the answer's header and main in place of ours.
async function swap(form, button) {
  const body = new URLSearchParams(new FormData(form));
  if (button && button.name) body.set(button.name, button.value);
  const answer = await fetch(form.action, { method: "POST", body });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const same = new URL(answer.url).pathname === location.pathname;
  for (const part of ["header", "main", "dialog#commit"]) {
    const [here, there] = [document.querySelector(part), page.querySelector(part)];
    if (here && there) here.replaceWith(there);
  }
  if (!same && answer.ok) history.pushState(null, "", answer.url);
  const stay = !button || "stay" in button.dataset;
  select(same ? at + (stay ? 0 : 1) : 0);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-swap]")) {
    event.preventDefault();
    swap(form, event.submitter).catch(() => form.submit());
  } else if (form.method === "get") {
    // Empty filters would only make addresses long.
    all("input, select", form).forEach((field) => { field.disabled = field.value === ""; });
  }
});
document.addEventListener("change", (event) => {
  if (event.target.closest("[data-auto]")) event.target.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  if (event.target.closest("[data-close]")) event.target.closest("dialog").close();
  const summary = event.target.closest("[data-item] summary");
  if (summary) {
    event.preventDefault();
    const index = all("[data-item]").indexOf(summary.closest("[data-item]"));
    if (index === at) summary.parentElement.open = !summary.parentElement.open;
    else select(index);
  }
});
window.addEventListener("popstate", () => location.reload());

function act(key) {
  const item = all("[data-item]")[at];
  const own = item && item.querySelector(`[data-key="${CSS.escape(key)}"]`);
  const target = own || all(`[data-key="${CSS.escape(key)}"]`).find(
    (element) => !element.closest("[data-item]") && (visible(element) || element.matches("form")));
  if (!target) return false;
  if (target.matches("form")) target.requestSubmit();
  else target.click();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  const field = event.target.closest("input, select, textarea");
  if (field) {
    if (event.key === "Escape") field.blur();
    // A note goes with the label that is chosen next, not with the first button of the form.
    if (event.key === "Enter" && field.name === "note") { event.preventDefault(); field.blur(); }
    return;
  }
  const item = all("[data-item]")[at];
  if (event.key === "j" || event.key === "ArrowDown") select(at + 1);
  else if (event.key === "k" || event.key === "ArrowUp") select(at - 1);
  else if (event.key === "/") document.querySelector(".search input").focus();
  else if (event.key === "i" && item && item.querySelector("[name=note]")) item.querySelector("[name=note]").focus();
  else if (event.key === "Enter" && item && !event.target.closest("a, button, summary")) {
    const link = item.querySelector("a");
    const details = item.querySelector("details");
    if (details) details.open = !details.open;
    else if (link) link.click();
  } else if (!act(event.key)) return;
  event.preventDefault();
});

// On a phone the filters would fill the screen.
const narrow = document.querySelector("details.narrow");
if (narrow && matchMedia("(max-width: 860px)").matches) narrow.open = false;

// Lists start unselected; a solution starts at its first error, or where a label is missing.
if (document.querySelector(".steps")) {
  const steps = all(".step");
  const first = steps.findIndex((step) => step.matches(".wrong, .open"));
  select(first < 0 ? 0 : first, false);
} else if (document.querySelector(".lines")) select(0, false);
