// @ts-check
/** Drop files anywhere on the frame: the form does the rest. */

const form = /** @type {HTMLFormElement} */ (document.querySelector(".drop"));
const input = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
for (const name of ["dragover", "dragenter"]) {
  form.addEventListener(name, (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
}
form.addEventListener("dragleave", () => form.classList.remove("over"));
form.addEventListener("drop", (event) => {
  event.preventDefault();
  form.classList.remove("over");
  const files = event.dataTransfer?.files;
  if (files?.length) {
    input.files = files;
    form.requestSubmit();
  }
});
