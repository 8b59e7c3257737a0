// @ts-check
/** The desk's scan page: devices of the chosen station, the running job as it happens, F9. */
import { KEYS, composing, pressed } from "./keys.js";

const FINISH = KEYS[5];
const names = {
  waiting: "Chờ trạm nhận việc", scanning: "Đang quét", paused: "Tạm dừng", scanned: "Đã quét xong, đang gửi", review: "Chờ xem lại",
  delivered: "Đã tiếp nhận", refused: "Không tiếp nhận", failed: "Không quét được", cancelled: "Đã dừng",
};
const shownPages = 6;

const station = /** @type {HTMLSelectElement | null} */ (document.querySelector("#station"));
const device = /** @type {HTMLSelectElement | null} */ (document.querySelector("#device"));

/** Fill the list of devices of the chosen station. */
function listDevices() {
  if (!station || !device) return;
  const told = JSON.parse(station.selectedOptions[0]?.dataset.devices ?? "[]");
  const options = told.map((/** @type {{id: string, name: string}} */ d) => new Option(d.name || d.id, d.id));
  device.replaceChildren(new Option("Máy đầu tiên", ""), ...options);
}
station?.addEventListener("change", listDevices);
listDevices();

document.addEventListener("keydown", (event) => {
  if (event.key !== "F9") return;
  event.preventDefault();
  /** @type {HTMLFormElement | null} */ (document.querySelector("#start"))?.requestSubmit();
});

/** The station's shortcut on this very machine, when the server has told us of one. */
function shortcut() {
  const facts = JSON.parse(station?.selectedOptions[0]?.dataset.shortcut ?? "null");
  return facts && { url: `http://127.0.0.1:${facts.port}/v1`, headers: { "x-sohoa-token": String(facts.token) } };
}

/** What the browser says of pages that call this machine: granted, prompt, denied, or unknown. */
async function permission() {
  try {
    const name = /** @type {any} */ ("loopback-network");
    return (await navigator.permissions.query({ name })).state;
  } catch {
    return "unknown"; // a browser that does not know this permission does not ask either
  }
}

/** Say in Vietnamese what the browser is about to ask, before it asks; scanning works either way. */
async function explainShortcut() {
  const hint = /** @type {HTMLElement | null} */ (document.querySelector("#shortcut-hint"));
  if (!hint || !shortcut()) return;
  const state = await permission();
  if (state === "denied" || state === "prompt") {
    hint.textContent = state === "denied"
      ? "Trình duyệt đang chặn lối tắt tới máy quét của máy này; việc quét vẫn chạy qua máy chủ. Quản trị có thể cho phép bằng chính sách LoopbackNetworkAllowedForUrls."
      : "Trình duyệt có thể hỏi quyền truy cập thiết bị trên máy này: đó là lối tắt tới máy quét. Từ chối cũng không sao, việc quét vẫn chạy qua máy chủ.";
    hint.hidden = false;
  }
}
void explainShortcut();

/** Start at the station itself; null where that is not to be had. @param {FormData} form */
async function startHere(form) {
  const near = shortcut();
  if (form.get("batch")) return null; // the server knows the box
  if (!near || (await permission()) === "denied") return null;
  const sheets = Number(form.get("sheets"));
  const body = {
    device: form.get("device"), source: form.get("source"), duplex: form.get("duplex") === "true",
    manual_duplex: form.get("duplex") === "manual", size: form.get("size"),
    dpi: Number(form.get("dpi")), mode: form.get("mode"), ...(sheets ? { declared_sheets: sheets } : {}),
  };
  try {
    const answer = await fetch(`${near.url}/scan`, {
      method: "POST", body: JSON.stringify(body), signal: AbortSignal.timeout(1500),
      headers: { ...near.headers, "content-type": "application/json" },
    });
    return answer.ok ? String((await answer.json()).job) : null;
  } catch {
    return null; // blocked, or the station is not on this machine: the server passes it on
  }
}

const start = /** @type {HTMLFormElement | null} */ (document.querySelector("#start"));
start?.addEventListener("submit", async (event) => {
  if (!shortcut()) return;
  event.preventDefault();
  const job = await startHere(new FormData(start));
  if (!job) return start.submit();
  for (let tries = 0; tries < 40; tries += 1) {
    const known = await fetch(`/api/v1/scan-jobs/${job}`);
    if (known.ok) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  location.assign(`/scan?job=${job}`);
});

const job = /** @type {HTMLElement | null} */ (document.querySelector(".job"));
if (job) {
  const id = job.dataset.job ?? "";
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.querySelector(name));
  const source = new EventSource(`/api/v1/scan-jobs/${id}/events`);
  source.addEventListener("message", (event) => {
    const now = JSON.parse(event.data);
    part("#job-state").textContent = names[/** @type {keyof typeof names} */ (now.state)] ?? now.state;
    part("#job-message").textContent = now.message;
    part("#job-pages").textContent = String(now.pages);
    const over = ["delivered", "refused", "failed", "cancelled"].includes(now.state);
    part("#job-received").textContent = String(over ? now.pages : now.received);
    if (now.state === "review" && job.dataset.state !== "review") return location.reload();
    const waits = ["paused", "review"].includes(now.state) && !now.order;
    part("#job-resume").hidden = !waits;
    part("#job-rescan").hidden = !waits || !now.message.includes("hai tờ dính nhau");
    part("#job-orders").hidden = !["waiting", "scanning", "paused", "review"].includes(now.state);
    if (job.dataset.state === "review" && now.state !== "review") return location.reload();
    if (now.received && now.state !== "review") showPages(id, now.received, now.parked);
    if (!over) return;
    source.close();
    if (now.scan_ids.length) {
      part("#job-done").replaceChildren(...now.scan_ids.map(resultLink));
      part("#job-images").replaceChildren();
      /** @type {HTMLElement} */ (document.querySelector(".scan-result")).focus();
    }
  });
}

/** @param {string} scan */
function resultLink(scan) {
  const link = document.createElement("a");
  link.href = `/scans/${scan}`;
  link.className = "scan-result";
  link.textContent = "Mở giấy tờ vừa quét";
  return link;
}

/** The newest pages, as the server has them. @param {string} id @param {number} last @param {number[]} parked */
function showPages(id, last, parked) {
  const images = /** @type {HTMLElement} */ (document.querySelector("#job-images"));
  for (let seq = Math.max(1, last - shownPages + 1); seq <= last; seq += 1) {
    const known = /** @type {HTMLElement | null} */ (images.querySelector(`[data-seq="${seq}"]`));
    const sheet = known ?? images.appendChild(newSheet(id, seq));
    const blank = parked.includes(seq);
    sheet.classList.toggle("parked", blank);
    sheet.dataset.parked = String(blank);
    /** @type {HTMLElement} */ (sheet.querySelector("figcaption")).textContent = `Trang ${seq}${blank ? " · Trang trắng" : ""}`;
    /** @type {HTMLElement} */ (sheet.querySelector("button span")).textContent = blank ? "Khôi phục" : "Cất trang trắng";
  }
  while (images.children.length > shownPages) images.firstElementChild?.remove();
}

/** A page as it comes in; one key parks it as blank or takes it back. @param {string} id @param {number} seq */
function newSheet(id, seq) {
  const sheet = document.createElement("figure");
  sheet.className = "sheet";
  sheet.tabIndex = 0;
  sheet.dataset.seq = String(seq);
  const image = new Image(140);
  image.src = `/api/v1/scan-jobs/${id}/pages/${seq}/image`;
  image.alt = `Trang ${seq}`;
  const button = document.createElement("button");
  button.className = "quiet";
  button.dataset.key = "k";
  button.append(document.createElement("span"), " ", Object.assign(document.createElement("kbd"), { textContent: "K" }));
  button.addEventListener("click", () => void fetch(`/api/v1/scan-jobs/${id}/pages/${seq}/mark`, {
    method: "PUT", headers: { "content-type": "application/json" },
    body: JSON.stringify({ mark: sheet.dataset.parked === "true" ? "restored" : "parked" }),
  }));
  sheet.append(image, document.createElement("figcaption"), button);
  return sheet;
}

document.addEventListener("keydown", (event) => {
  if (composing(event) || event.altKey || event.metaKey) return;
  if (pressed(event, FINISH)) return /** @type {HTMLFormElement | null} */ (document.querySelector("#settle"))?.requestSubmit();
  const sheet = /** @type {Element} */ (event.target).closest?.(".sheet");
  const wanted = event.ctrlKey ? null : sheet?.querySelector(`button[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
  if (!(wanted instanceof HTMLButtonElement)) return;
  event.preventDefault();
  wanted.click();
});
document.getElementById(location.hash.slice(1))?.focus(); // back at the page just spoken of

const profile = /** @type {HTMLSelectElement | null} */ (document.querySelector("#profile"));
profile?.addEventListener("change", () => {
  for (const [name, value] of Object.entries(profile.selectedOptions[0]?.dataset ?? {})) {
    const field = /** @type {HTMLSelectElement | null} */ (document.querySelector(`#start [name="${name}"]`));
    if (field && value) field.value = value;
  }
});
