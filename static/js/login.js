// The box that shows the password. Without a script it is absent.

for (const box of document.querySelectorAll("[data-reveal]")) {
  box.closest("[data-reveal-row]").hidden = false;
  box.addEventListener("change", () => {
    document.getElementById(box.dataset.reveal).type = box.checked ? "text" : "password";
  });
}
