// Settings pages: defaults come back into their fields at once, unsaved changes are said and not lost by accident.

function restoreDefaults(form) {
  for (const button of form.querySelectorAll("[data-default]")) {
    button.addEventListener("click", (event) => {
      const input = document.getElementById(button.dataset.for);
      if (!input) return; // the server fills it in
      event.preventDefault();
      if (input.type === "checkbox") input.checked = button.dataset.default === "on";
      else input.value = button.dataset.default;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.focus();
    });
  }
}

function values(form) {
  return new URLSearchParams([...new FormData(form)].filter(([name]) => name !== "seen")).toString();
}

function watchUnsaved(form) {
  const said = form.querySelector("#unsaved");
  if (!said) return;
  const refused = document.querySelector("[role=alert]") !== null && form.id === "settings-form";
  const saved = values(form);
  let leaving = false;
  const isChanged = () => refused || values(form) !== saved;
  const show = () => { said.hidden = !isChanged(); };
  form.addEventListener("input", show);
  form.addEventListener("change", show);
  form.addEventListener("submit", () => { leaving = true; });
  addEventListener("beforeunload", (event) => { if (!leaving && isChanged()) event.preventDefault(); });
  show();
}

function saySending() {
  for (const button of document.querySelectorAll("[data-busy]")) {
    button.form.addEventListener("submit", (event) => {
      if (button.getAttribute("aria-disabled") === "true") event.preventDefault();
      else {
        button.setAttribute("aria-disabled", "true");
        button.textContent = button.dataset.busy;
      }
    });
  }
}

const form = document.getElementById("settings-form");
if (form) {
  restoreDefaults(form);
  watchUnsaved(form);
}
saySending();
document.querySelector("[role=alert][tabindex]")?.focus();
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
