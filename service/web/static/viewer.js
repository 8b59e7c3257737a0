// @ts-check
/** The page image with its boxes: zoom, fit, glide to a box, click a box to go to its field. */

export class PageViewer extends HTMLElement {
  connectedCallback() {
    this.stage = /** @type {HTMLElement} */ (this.querySelector(".stage"));
    this.scale = 1;
    this.addEventListener("click", (event) => {
      const target = /** @type {Element} */ (event.target);
      const zoom = target.closest("[data-zoom]")?.getAttribute("data-zoom");
      if (zoom) this.zoom(zoom);
      const field = target.closest("rect")?.getAttribute("data-field");
      if (field) this.dispatchEvent(new CustomEvent("field", { detail: field, bubbles: true }));
    });
    this.addEventListener("keydown", (event) => {
      if (event.target !== this.stage) return;
      const verb = { "+": "in", "=": "in", "-": "out", 0: "width" }[event.key];
      if (verb) {
        event.preventDefault();
        this.zoom(verb);
      }
    });
  }

  /** @param {string} verb */
  zoom(verb) {
    if (verb === "in") this.scale = Math.min(this.scale * 1.25, 8);
    if (verb === "out") this.scale = Math.max(this.scale / 1.25, 0.2);
    if (verb === "width") this.scale = 1;
    if (verb === "page") this.scale = this.#pageScale();
    for (const page of this.stage.querySelectorAll("svg")) page.style.width = `${this.scale * 100}%`;
  }

  #pageScale() {
    const box = this.stage.querySelector("svg")?.viewBox.baseVal;
    if (!box) return 1;
    return Math.min(1, ((this.stage.clientHeight - 20) * box.width) / box.height / this.stage.clientWidth);
  }

  /** Show the ink behind a field, with the paper around it. @param {string} name */
  glide(name) {
    for (const old of this.querySelectorAll("rect.here")) old.classList.remove("here");
    const rect = this.querySelector(`rect[data-field="${CSS.escape(name)}"]`);
    if (!rect) return;
    rect.classList.add("here");
    const box = rect.getBoundingClientRect();
    const stage = this.stage.getBoundingClientRect();
    this.stage.scrollTop += box.top - stage.top - stage.height / 3;
    this.stage.scrollLeft = 0;
  }
}
customElements.define("page-viewer", PageViewer);
