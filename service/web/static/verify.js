// @ts-check
/** Checking by keyboard: Enter accepts and goes on; the network follows behind. */
import { KEYS, composing, pressed } from "./keys.js";
import { Outbox } from "./outbox.js";
import { PageViewer } from "./viewer.js";

const LISTS = new Set(["addressees", "recipients", "signing_authority"]);
const viewer = /** @type {PageViewer} */ (document.querySelector("page-viewer"));
const panel = /** @type {HTMLElement} */ (document.querySelector(".fields"));
const saved = /** @type {HTMLElement} */ (document.querySelector("#saved"));
const count = /** @type {HTMLElement} */ (document.querySelector("#count"));
const outbox = new Outbox(panel.dataset.document ?? "");
const [ACCEPT, BACK, REVERT, SUGGEST, FIT, FINISH] = KEYS;
const SAYS = { saving: "Đang lưu", retrying: "Chưa lưu được, đang thử lại" };

/** @returns {HTMLFormElement[]} */
const cards = () => [...panel.querySelectorAll("form.field")];
/** @param {Element} card */
const box = (card) => /** @type {HTMLTextAreaElement} */ (card.querySelector("textarea"));

/** @param {HTMLFormElement} card */
function accept(card) {
  if (box(card).readOnly) return;
  const name = card.dataset.name ?? "";
  const text = box(card).value.normalize("NFC").trim();
  const value = text === "" ? null : LISTS.has(name) ? text.split("\n").map((l) => l.trim()).filter(Boolean) : text;
  mark(card, "done", "Đã xác nhận");
  outbox.put({ name, value, version: Number(card.dataset.version) });
  tally();
}

/** @param {Element} card @param {string} state @param {string} says */
function mark(card, state, says) {
  card.classList.remove("open", "sure", "done", "failed");
  card.classList.add(state);
  const how = card.querySelector(".how");
  if (how) how.textContent = says;
  const name = card.getAttribute("data-name") ?? "";
  viewer.querySelector(`rect[data-field="${CSS.escape(name)}"]`)?.classList.toggle("open", state === "open");
}

function tally() {
  const open = panel.querySelectorAll(".field.open").length;
  const done = panel.querySelectorAll(".field.done").length;
  count.textContent = `${open} trường cần xem lại · ${done} đã xác nhận`;
}

/** @param {HTMLFormElement} card @param {1 | -1} way */
function go(card, way) {
  const all = cards();
  const rest = way > 0 ? all.slice(all.indexOf(card) + 1) : all.slice(0, all.indexOf(card)).reverse();
  const next = way > 0 ? (rest.find((c) => c.classList.contains("open")) ?? all.find((c) => c.classList.contains("open"))) : rest[0];
  if (next) box(next).focus();
  else /** @type {HTMLElement | null} */ (panel.querySelector("[data-finish]"))?.focus();
}

/** @param {HTMLTextAreaElement} input */
function suggest(input) {
  const choices = [input.dataset.read ?? "", ...(input.dataset.candidates ?? "").split("\u001f")].filter(Boolean);
  if (choices.length) input.value = choices[(choices.indexOf(input.value) + 1) % choices.length];
}

panel.addEventListener("keydown", (event) => {
  const input = event.target;
  if (!(input instanceof HTMLTextAreaElement) || composing(event)) return;
  const card = /** @type {HTMLFormElement} */ (input.closest("form"));
  if (pressed(event, ACCEPT)) accept(card), go(card, 1);
  else if (pressed(event, BACK)) go(card, -1);
  else if (pressed(event, SUGGEST)) suggest(input);
  else if (pressed(event, REVERT)) {
    if (input.value === (input.dataset.read ?? "")) input.blur();
    else input.value = input.dataset.read ?? "";
  } else return;
  event.preventDefault();
});

const FITS = ["width", "page"];
document.addEventListener("keydown", (event) => {
  if (composing(event)) return;
  const chosen = /** @type {Element} */ (event.target).closest?.(".strip [data-page]")?.getAttribute("data-page");
  if (chosen && !event.ctrlKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    /** @type {HTMLFormElement | null} */ (document.querySelector(`form[data-park="${chosen}"]`))?.requestSubmit();
    return;
  }
  if (pressed(event, FINISH)) {
    event.preventDefault();
    const card = document.activeElement?.closest("form.field");
    if (card instanceof HTMLFormElement && card.classList.contains("open")) accept(card);
    finish();
  } else if (pressed(event, FIT)) {
    event.preventDefault();
    FITS.push(/** @type {string} */ (FITS.shift()));
    viewer.zoom(FITS[0]);
  }
});

/** The step closes only when everything typed has reached the server. */
function finish() {
  const button = /** @type {HTMLButtonElement | null} */ (panel.querySelector("[data-finish]"));
  if (!button) return;
  if (outbox.empty) button.form?.submit();
  else outbox.addEventListener("state", (e) => /** @type {CustomEvent} */ (e).detail === "saved" && button.form?.submit(), { once: true });
}

for (const card of cards()) {
  card.addEventListener("submit", (event) => {
    event.preventDefault();
    accept(card);
    go(card, 1);
  });
  box(card).addEventListener("focus", () => viewer.glide(card.dataset.name ?? ""));
}
viewer.addEventListener("field", (event) => {
  const card = document.getElementById(`f-${/** @type {CustomEvent} */ (event).detail}`);
  if (card) box(card).focus();
});
outbox.addEventListener("state", (event) => {
  const state = /** @type {CustomEvent} */ (event).detail;
  const now = new Date().toLocaleTimeString("vi-VN", { hour: "2-digit", minute: "2-digit", hour12: false });
  saved.textContent = SAYS[state] ?? `Đã lưu ${now}`;
});
outbox.addEventListener("stored", (event) => {
  const { entry, body } = /** @type {CustomEvent} */ (event).detail;
  const card = document.getElementById(`f-${entry.name}`);
  if (card) card.dataset.version = String(body.version);
});
outbox.addEventListener("refused", (event) => {
  const { entry, body } = /** @type {CustomEvent} */ (event).detail;
  const card = document.getElementById(`f-${entry.name}`);
  if (card) mark(card, "failed", `${body.detail} ${body.remedy}`);
});
outbox.flush();
cards().find((c) => c.classList.contains("open"))?.querySelector("textarea")?.focus();
