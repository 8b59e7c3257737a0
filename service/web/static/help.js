// @ts-check
import { KEYS, spelled } from "./keys.js";

const body = document.querySelector("#keys tbody");
for (const key of KEYS) {
  const row = document.createElement("tr");
  for (const text of [spelled(key), key.says]) {
    const cell = document.createElement("td");
    cell.textContent = text;
    row.append(cell);
  }
  body?.append(row);
}
