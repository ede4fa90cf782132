// The wall display: the number, large; keeps the screen awake, hides the pointer, moves a little against burn-in.

import { Announcer } from "./announcer.js";
import { setText, siteClock } from "./clock.js";
import { Freshness } from "./freshness.js";
import { KeyedList } from "./keyed-list.js";
import { showBar, showVerdict } from "./occupancy.js";
import { Poller } from "./poller.js";
import { say, wholeAge } from "./words.js";

const STATES = { live: "ok", degraded: "warn", stale: "stale", offline: "offline", disabled: "offline" };
const SHIFT_MS = 600000;
const POINTER_MS = 3000;

const byId = (id) => document.getElementById(id);
const root = byId("live");

function updateDoor(row, camera) {
  setText(row.querySelector("[data-name]"), camera.name);
  setText(row.querySelector("[data-in]"), camera.in_text);
  setText(row.querySelector("[data-out]"), camera.out_text);
  const state = row.querySelector(".state");
  state.className = `state ${STATES[camera.state]}`;
  state.querySelector("use").setAttribute("href", `#i-${STATES[camera.state]}`);
  const text = state.querySelector("[data-words]");
  text.className = camera.state === "live" ? "vh" : "";
  setText(text, camera.state_word);
}

function show(stats, doors) {
  root.dataset.state = stats.occupancy.state;
  setText(byId("now"), stats.occupancy.caption);
  setText(byId("inside"), stats.occupancy.inside_text);
  showVerdict(byId("verdict"), stats.occupancy.state, stats.occupancy.sentence);
  setText(byId("detail"), stats.occupancy.detail);
  showBar(root.querySelector("[data-bar]"), stats.occupancy);
  setText(byId("in-today"), stats.today.in_text);
  setText(byId("out-today"), stats.today.out_text);
  const byCamera = new Map(stats.cameras.map((camera) => [camera.id, camera]));
  doors.show(stats.doors.ids.map((id) => ({ key: id, ...byCamera.get(id) })));
  byId("more-doors").hidden = !stats.doors.text;
  setText(byId("more-doors"), stats.doors.text);
  const first = stats.attention.items[0];
  byId("first-trouble").hidden = !first;
  if (first) {
    byId("first-trouble").querySelector("use").setAttribute("href", `#i-${STATES[first.state]}`);
    setText(byId("first-trouble").querySelector("[data-title]"), `${first.title}.`);
    setText(byId("first-trouble").querySelector("[data-sentence]"), first.sentence);
  }
}

function stayAwake() {
  const ask = () => !document.hidden && navigator.wakeLock?.request("screen").catch(() => {}); // refused on battery: the screen may sleep
  document.addEventListener("visibilitychange", ask);
  ask();
}

function hidePointer() {
  let timer = 0;
  const wake = () => {
    root.classList.remove("still");
    clearTimeout(timer);
    timer = setTimeout(() => root.classList.add("still"), POINTER_MS);
  };
  addEventListener("pointermove", wake);
  wake();
}

function shiftAgainstBurnIn() {
  let step = 0;
  setInterval(() => {
    step = (step + 1) % 4;
    root.style.translate = `${step % 2 ? 2 : 0}px ${step > 1 ? 2 : 0}px`;
  }, SHIFT_MS);
}

siteClock.show(document.querySelector("[data-clock]"));
const body = byId("door-template").content.querySelector("tr");
const template = document.createElement("template");
template.content.append(body);
const doors = new KeyedList(byId("doors"), template, updateDoor);
const announcer = new Announcer(byId("live-words"), byId("alarm"));
const freshness = new Freshness(root, byId("trouble"), {
  answeredAt: Number(root.dataset.now),
  zone: document.querySelector("[data-clock]").dataset.zone,
  onChange: () => {
    setText(byId("now"), say("inside_at", { time: freshness.time }));
    showVerdict(byId("verdict"), "stale", say("stale", { age: wholeAge(freshness.age) }));
    setText(byId("detail"), say("stale_detail"));
    byId("updated").hidden = true;
  },
});
const poller = new Poller(root.dataset.statsUrl, {
  onData: (stats) => {
    freshness.answered(stats.now, stats.site.timezone);
    show(stats, doors);
    announcer.hear(stats);
  },
  onFailure: (failure) => freshness.failed(failure),
});
setInterval(() => {
  byId("updated").hidden = !freshness.current;
  if (freshness.current) setText(byId("updated").querySelector("span"), say("updated", { age: wholeAge(freshness.age) }));
}, 1000);
poller.start();
poller.now();
stayAwake();
hidePointer();
shiftAgainstBurnIn();
