// The number inside, its verdict and its bar: the same elements on the dashboard and on the wall.

import { setText } from "./clock.js";

const ICONS = { ok: "ok", unsure: "warn", warn: "warn", over: "over", unknown: "offline", stale: "stale" };

export function stateClass(state) {
  return { unknown: "offline", unsure: "warn" }[state] ?? state;
}

export function showVerdict(element, state, sentence) {
  element.className = `state ${stateClass(state)}`;
  element.querySelector("use").setAttribute("href", `#i-${ICONS[state]}`);
  setText(element.querySelector("span"), sentence);
}

export function showBar(svg, occupancy) {
  svg.toggleAttribute("hidden", !occupancy.bar);
  if (!occupancy.bar) return;
  const bar = occupancy.bar;
  svg.dataset.state = occupancy.state;
  svg.setAttribute("aria-label", bar.summary);
  svg.querySelector(".fill").setAttribute("width", `${bar.fill}%`);
  const tick = svg.querySelector(".tick-at");
  tick.toggleAttribute("hidden", bar.warn_at === null);
  if (bar.warn_at !== null) tick.setAttribute("x", `${bar.warn_at}%`);
  const warning = svg.querySelector(".warn-text");
  warning.setAttribute("x", `${bar.warn_label_at}%`);
  warning.setAttribute("text-anchor", bar.warn_label_anchor);
  setText(svg.querySelector(".fill-text"), bar.fill_text);
  setText(warning, bar.warn_text);
  setText(svg.querySelector(".limit-text"), bar.limit_text);
}
