// SPDX-License-Identifier: Apache-2.0
// @ts-check
/** The desk beside the phone: papers appear as they come, with their first page once it is read. */

const everyMs = 1500;
const desk = /** @type {HTMLElement} */ (document.querySelector("#phone-desk"));
const list = /** @type {HTMLOListElement} */ (document.querySelector("#arrived"));

/** @param {{id: string, pages: number, name: string, reading: string}} paper */
function row(paper) {
  const item = document.createElement("li");
  item.dataset.id = paper.id;
  item.dataset.reading = paper.reading;
  const link = document.createElement("a");
  link.href = `/documents/${paper.id}`;
  const waiting = paper.reading === "waiting" ? "Đang đọc" : "Không đọc được";
  link.textContent = paper.name || waiting;
  item.append(link, `, ${paper.pages} trang`);
  if (paper.reading === "read") {
    const images = document.createElement("div");
    images.className = "sheets";
    for (let number = 1; number <= Math.min(paper.pages, 6); number += 1) {
      const image = new Image(120);
      image.src = `/api/v1/documents/${paper.id}/pages/${number}/image`;
      image.alt = `Trang ${number}`;
      images.append(image);
    }
    item.append(images);
  }
  return item;
}

async function look() {
  const answer = await fetch(`/scan/phone/arrived?ticket=${encodeURIComponent(desk.dataset.ticket ?? "")}`);
  if (answer.status === 401) return; // the ticket has ended: nothing more can come
  if (answer.ok) {
    for (const paper of await answer.json()) {
      const known = /** @type {HTMLElement | null} */ (list.querySelector(`[data-id="${paper.id}"]`));
      if (!known) list.append(row(paper));
      else if (known.dataset.reading !== paper.reading) known.replaceWith(row(paper));
    }
    /** @type {HTMLElement} */ (document.querySelector("#nothing-yet")).hidden = list.children.length > 0;
  }
  setTimeout(look, everyMs);
}
void look();
