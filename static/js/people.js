// The form of a person: what a choice makes meaningless is hidden. Without a script everything is visible.

function wire(form) {
  const sites = form.querySelector(".indent");
  const password = form.querySelector("[data-first-password]");
  const show = () => {
    const chosen = (name) => form.querySelector(`[name="${name}"]:checked`)?.value;
    if (sites) sites.hidden = chosen("reach") !== "some";
    if (password) password.hidden = chosen("start") === "invite";
  };
  form.addEventListener("change", show);
  show();
}

for (const form of document.querySelectorAll("[data-person-form]")) wire(form);
