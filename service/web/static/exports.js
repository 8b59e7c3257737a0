// SPDX-License-Identifier: Apache-2.0
// @ts-check
/** Packages appear when they are written; what is typed or ticked meanwhile stays. */

const everyMs = 2000;
const swapped = ["#exports", "#kept"];

async function look() {
  const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
  if (!answer.ok) return; // signed out: the next click says so
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const ticked = new Set([...document.querySelectorAll("#kept input:checked")].map((box) => /** @type {HTMLInputElement} */ (box).value));
  for (const id of swapped) {
    const part = fresh.querySelector(id);
    if (part) document.querySelector(id)?.replaceWith(part);
  }
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#kept input[type=checkbox]"))) box.checked = ticked.has(box.value);
  document.querySelector("#handover")?.toggleAttribute("hidden", !document.querySelector("#kept input"));
  wait();
}

function wait() {
  if (document.querySelector("#exports [data-open]")) setTimeout(look, everyMs);
}
wait();
