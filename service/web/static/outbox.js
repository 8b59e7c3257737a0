// @ts-check
/**
 * Saves behind the clerk's back: focus never waits for the network. Each value is kept in
 * localStorage until the server has it, so that a closed tab or a lost network loses nothing.
 */

/** @typedef {{ name: string, value: unknown, version: number }} Entry */

export class Outbox extends EventTarget {
  /** @param {string} documentId */
  constructor(documentId) {
    super();
    this.documentId = documentId;
    this.store = `sohoa.outbox.${documentId}`;
    /** @type {Entry[]} */
    this.entries = JSON.parse(localStorage.getItem(this.store) ?? "[]");
    this.busy = false;
    addEventListener("online", () => this.flush());
  }

  get empty() {
    return this.entries.length === 0 && !this.busy;
  }

  /** @param {Entry} entry */
  put(entry) {
    this.entries = [...this.entries.filter((e) => e.name !== entry.name), entry];
    this.#keep();
    this.flush();
  }

  async flush() {
    if (this.busy) return;
    this.busy = true;
    while (this.entries.length) {
      const entry = this.entries[0];
      this.#say("saving");
      let answer;
      try {
        answer = await fetch(`/api/v1/documents/${this.documentId}/fields/${encodeURIComponent(entry.name)}`, {
          method: "PUT",
          keepalive: true,
          headers: { "Content-Type": "application/json", "If-Match": `"${entry.version}"` },
          body: JSON.stringify({ value: entry.value }),
        });
      } catch {
        this.#say("retrying");
        setTimeout(() => this.flush(), 3000);
        break;
      }
      if (answer.status >= 500) {
        this.#say("retrying");
        setTimeout(() => this.flush(), 3000);
        break;
      }
      this.entries = this.entries.filter((e) => e !== entry);
      this.#keep();
      const body = await answer.json();
      this.dispatchEvent(new CustomEvent(answer.ok ? "stored" : "refused", { detail: { entry, body } }));
    }
    this.busy = false;
    if (this.entries.length === 0) this.#say("saved");
  }

  #keep() {
    if (this.entries.length) localStorage.setItem(this.store, JSON.stringify(this.entries));
    else localStorage.removeItem(this.store);
  }

  /** @param {string} state */
  #say(state) {
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }
}
