// @ts-check
/** The one registry of keys: the help sheet is made from it, and nothing else binds a key. */

/** @typedef {{ key: string, where: string, says: string, ctrl?: boolean, shift?: boolean }} Key */

/** @type {Key[]} */
export const KEYS = [
  { key: "Enter", where: "field", says: "Đúng, sang ô chưa xong kế tiếp" },
  { key: "Enter", shift: true, where: "field", says: "Về ô trước" },
  { key: "Escape", where: "field", says: "Trả lại giá trị máy đọc; lần nữa: rời ô" },
  { key: "F8", where: "field", says: "Gợi ý khác của máy" },
  { key: "F4", where: "anywhere", says: "Vừa ô, vừa ngang, cả trang" },
  { key: "Enter", ctrl: true, where: "anywhere", says: "Hoàn tất bước này" },
  { key: "F9", where: "scan", says: "Quét" },
  { key: "K", where: "page", says: "Trang đang chọn: cất như trang trắng, hoặc khôi phục" },
  { key: "G", where: "page", says: "Lượt quét chờ xem lại: giữ trang đang chọn" },
  { key: "B", where: "page", says: "Lượt quét chờ xem lại: bỏ trang đang chọn" },
];

/** Typing with Telex or VNI in progress: no shortcut may fire. @param {KeyboardEvent} event */
export const composing = (event) => event.isComposing || event.keyCode === 229;

/** @param {KeyboardEvent} event @param {Key} key */
export const pressed = (event, key) =>
  event.key === key.key && event.ctrlKey === Boolean(key.ctrl) && event.shiftKey === Boolean(key.shift) && !event.altKey;

/** @param {Key} key */
export const spelled = (key) => [key.ctrl && "Ctrl", key.shift && "Shift", key.key === "Escape" ? "Esc" : key.key].filter(Boolean).join(" + ");
