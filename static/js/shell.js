// The frame of every page: theme, menus, single-key shortcuts, the site's clock.

import { siteClock } from "./clock.js";

const KEYS_OFF = "crowdsite.keys-off";
const GO_WITHIN_MS = 1500;

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  // A cookie, so that the server sends the page in the right theme and nothing flashes.
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=lax${secure}`;
}

function wireTheme() {
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.hidden = false;
    button.addEventListener("click", toggleTheme);
  }
}

function wireMenus() {
  const menus = [...document.querySelectorAll("[data-menu]")];
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus.filter((open) => open.open)) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}

function keysAreOff() {
  try {
    return localStorage.getItem(KEYS_OFF) === "1";
  } catch {
    return false; // storage is blocked: shortcuts stay on, as they are without a choice
  }
}

function wireKeys() {
  const dialog = document.querySelector("[data-keys-dialog]");
  for (const button of document.querySelectorAll("[data-keys-open]")) {
    button.hidden = false;
    button.addEventListener("click", () => dialog.showModal());
  }
  const boxes = document.querySelectorAll("[data-keys-toggle]");
  for (const row of document.querySelectorAll("[data-keys-row]")) row.hidden = false;
  for (const box of boxes) {
    box.checked = !keysAreOff();
    box.addEventListener("change", () => {
      localStorage.setItem(KEYS_OFF, box.checked ? "0" : "1");
      for (const other of boxes) other.checked = box.checked;
    });
  }
  let goUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || keysAreOff()) return;
    if (event.target.closest("input, select, textarea, [contenteditable], dialog")) return;
    const going = performance.now() < goUntil;
    goUntil = 0;
    if (going) {
      const link = document.querySelector(`.side [data-go="${CSS.escape(event.key)}"]`);
      if (link) location.assign(link.href);
    } else if (event.key === "g") {
      goUntil = performance.now() + GO_WITHIN_MS;
    } else if (event.key === "?") {
      dialog.showModal();
    } else if (event.key === "/") {
      const search = document.querySelector('main input[type="search"]');
      if (search) {
        event.preventDefault();
        search.focus();
      }
    }
  });
}

wireTheme();
wireMenus();
wireKeys();
siteClock.show(document.querySelector("[data-clock]"));
