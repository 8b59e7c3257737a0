// SPDX-License-Identifier: Apache-2.0
// @ts-check
/** The phone's page: pages in the order wanted, sent in one go, kept until the server has them. */

const form = /** @type {HTMLFormElement} */ (document.querySelector("#phone"));
const chooser = /** @type {HTMLInputElement} */ (document.querySelector("#file"));
const camera = /** @type {HTMLInputElement} */ (document.querySelector("#camera input"));
const list = /** @type {HTMLOListElement} */ (document.querySelector("#pictures"));
const told = /** @type {HTMLElement} */ (document.querySelector("#phone-told"));
const send = /** @type {HTMLButtonElement} */ (document.querySelector("#send"));
const paper = /** @type {HTMLInputElement} */ (form.elements.namedItem("paper"));
const most = Number(form.dataset.most);

/** @type {{file: File, address: string}[]} */
let pictures = [];

/** @type {HTMLElement} */ (document.querySelector("#camera")).hidden = false;
chooser.required = false;
chooser.removeAttribute("name"); // the list is what is sent

/** @param {Iterable<File>} files */
function add(files) {
  for (const file of files) {
    if (pictures.length < most) pictures.push({ file, address: URL.createObjectURL(file) });
  }
  show();
}

/** @param {number} at @param {number} to */
function move(at, to) {
  const [one] = pictures.splice(at, 1);
  pictures.splice(to, 0, one);
  show();
}

/** @param {number} at */
function drop(at) {
  URL.revokeObjectURL(pictures[at].address);
  pictures.splice(at, 1);
  show();
}

/** @param {string} name @param {string} label @param {boolean} off @param {() => void} act */
function button(name, label, off, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = name;
  made.ariaLabel = label;
  made.disabled = off;
  made.addEventListener("click", act);
  return made;
}

function show() {
  list.replaceChildren(...pictures.map(({ address }, at) => {
    const item = document.createElement("li");
    const image = new Image();
    image.src = address;
    image.alt = `Trang ${at + 1}`;
    item.append(
      image,
      button("↑", `Đưa trang ${at + 1} lên trước`, at === 0, () => move(at, at - 1)),
      button("↓", `Đưa trang ${at + 1} ra sau`, at === pictures.length - 1, () => move(at, at + 1)),
      button("Bỏ", `Bỏ trang ${at + 1}`, false, () => drop(at)),
    );
    return item;
  }));
  /** @type {HTMLElement} */ (document.querySelector("#camera-number")).textContent = String(pictures.length + 1);
  send.disabled = pictures.length === 0;
  send.textContent = pictures.length ? `Gửi giấy tờ này (${pictures.length} trang)` : "Gửi giấy tờ này";
}

/** @param {string} text @param {boolean} good */
function tell(text, good) {
  const note = document.createElement("div");
  note.className = good ? "note good" : "trouble";
  note.textContent = text;
  told.replaceChildren(note);
  note.scrollIntoView({ block: "nearest" });
}

for (const input of [chooser, camera]) {
  input.addEventListener("change", () => {
    add(input.files ?? []);
    input.value = "";
  });
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!pictures.length) return;
  send.disabled = true;
  send.textContent = "Đang gửi…";
  const body = new FormData();
  body.append("paper", paper.value);
  for (const { file } of pictures) body.append("file", file);
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { accept: "application/json" } });
    const said = await answer.json();
    if (answer.ok) {
      for (const { address } of pictures) URL.revokeObjectURL(address);
      pictures = [];
      paper.value = [...crypto.getRandomValues(new Uint8Array(9))].map((b) => b.toString(36)).join("").slice(0, 16);
      tell("Đã nhận giấy tờ. Có thể chụp giấy tiếp theo.", true);
    } else {
      tell(`${said.error} ${said.remedy}`, false);
    }
  } catch {
    // the same paper again is the same paper: the server knows it by its name
    tell("Chưa gửi được, kiểm tra mạng rồi bấm gửi lại. Ảnh vẫn còn trên trang này.", false);
  }
  show();
});
show();
