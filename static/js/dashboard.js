// Keeps the dashboard current: polls /api/stats and changes the text of what the server has already laid out.

import { Announcer } from "./announcer.js";
import { setText } from "./clock.js";
import { Freshness } from "./freshness.js";
import { KeyedList } from "./keyed-list.js";
import { showBar, showVerdict } from "./occupancy.js";
import { Poller } from "./poller.js";
import { Stills } from "./stills.js";
import { say, wholeAge } from "./words.js";

const STATES = { live: "ok", degraded: "warn", stale: "stale", offline: "offline", disabled: "offline" };

const byId = (id) => document.getElementById(id);
const root = byId("live");
const stills = new Stills();

function showState(element, state, text) {
  element.className = `state ${STATES[state]}`;
  element.querySelector("use").setAttribute("href", `#i-${STATES[state]}`);
  setText(element.querySelector("[data-words]"), text);
}

function updateTile(tile, camera) {
  tile.dataset.camera = camera.id;
  const [picture, name] = [tile.querySelector("[data-pic]"), tile.querySelector("[data-name]")];
  setText(picture.querySelector("[data-label]"), say("picture_state", { camera: camera.name, state: camera.state_text, reason: camera.reason }).trim());
  for (const link of [picture, name]) if (link.getAttribute("href") !== camera.url) link.setAttribute("href", camera.url);
  setText(name, camera.name);
  name.title = camera.name;
  setText(tile.querySelector("[data-in]"), camera.in_text);
  setText(tile.querySelector("[data-out]"), camera.out_text);
  const status = tile.querySelector("[data-status]");
  status.hidden = camera.state === "live";
  showState(status, camera.state, camera.state_text);
  const demo = tile.querySelector("[data-demo]");
  demo.hidden = !camera.demo;
  if (camera.demo) setText(demo, camera.demo.text);
  stills.show(picture, camera);
}

function updateAttention(row, item) {
  row.className = STATES[item.state];
  row.querySelector("use").setAttribute("href", `#i-${STATES[item.state]}`);
  const link = row.querySelector("a.w");
  link.setAttribute("href", item.url);
  setText(link, item.title);
  setText(row.querySelector(".t"), item.since_text);
  setText(row.querySelector("span.d"), item.sentence);
  row.querySelector("details").hidden = !item.names;
  setText(row.querySelector("[data-names]"), item.names);
}

function updateNotice(row, notice) {
  row.className = `note page-note ${notice.level}`;
  row.querySelector("use").setAttribute("href", `#i-${notice.level}`);
  setText(row.querySelector("b"), notice.title);
  setText(row.querySelector("[data-sentence]"), notice.sentence);
  const [buttons, link] = [row.querySelector(".btns"), row.querySelector("a")];
  buttons.hidden = !notice.action;
  if (notice.action) {
    link.setAttribute("href", notice.action.url);
    setText(link, notice.action.label);
  }
}

function showFoot(id, text) {
  byId(id).hidden = !text;
  setText(byId(id).querySelector("[data-sentence]"), text);
}

function showFigures({ occupancy, today, counting }) {
  root.querySelector(".occ").dataset.state = occupancy.state;
  setText(byId("now"), occupancy.caption);
  setText(byId("inside"), occupancy.inside_text);
  showVerdict(byId("verdict"), occupancy.state, occupancy.sentence);
  setText(byId("detail"), occupancy.detail);
  showBar(root.querySelector("[data-bar]"), occupancy);
  setText(byId("in-today"), today.in_text);
  setText(byId("out-today"), today.out_text);
  setText(byId("counting"), counting.text);
  for (const state of ["offline", "stale", "no_line"]) {
    const text = counting.problems[state] ?? "";
    byId(`${state}-count`).hidden = !text;
    setText(byId(`${state}-count`).querySelector("span"), text);
  }
  showFoot("lower-bound", today.lower_bound_reason);
  showFoot("missed", occupancy.missed_text);
  const correction = document.querySelector("#correct");
  if (correction && !correction.contains(document.activeElement)) correction.hidden = !occupancy.missed_text;
  showFoot("others", today.others_text);
}

function density(count) {
  if (count <= 6) return "large";
  return count <= Number(root.dataset.shown) ? "medium" : "compact";
}

function showTiles(tiles, cameras) {
  const list = byId("tiles");
  list.dataset.count = cameras.length;
  list.dataset.density = density(cameras.length);
  const shown = "all" in root.dataset ? cameras : cameras.slice(0, Number(root.dataset.shown));
  tiles.show(shown.map((camera) => ({ key: camera.id, ...camera })));
  stills.sweep();
  const more = byId("show-all");
  if (more) setText(more, say("show_all", { n: cameras.length }));
}

function wirePause() {
  const button = byId("pause");
  button.hidden = false;
  button.addEventListener("click", () => {
    stills.pause(!stills.paused);
    button.setAttribute("aria-pressed", String(stills.paused));
    button.querySelector("use").setAttribute("href", stills.paused ? "#i-play" : "#i-pause");
    setText(button.querySelector("span"), say(stills.paused ? "resume" : "pause"));
  });
}

function start() {
  const tiles = new KeyedList(byId("tiles"), byId("tile-template"), updateTile);
  const attention = new KeyedList(byId("attention"), byId("attention-template"), updateAttention);
  const notices = new KeyedList(byId("notices"), byId("notice-template"), updateNotice);
  const announcer = new Announcer(byId("live-words"), byId("alarm"));
  const freshness = new Freshness(root, byId("trouble"), {
    answeredAt: Number(root.dataset.now),
    zone: document.querySelector("[data-clock]").dataset.zone,
    onChange: () => {
      setText(byId("now"), say("inside_at", { time: freshness.time }));
      showVerdict(byId("verdict"), "stale", say("stale", { age: wholeAge(freshness.age) }));
      setText(byId("detail"), say("stale_detail"));
    },
  });
  const poller = new Poller(root.dataset.statsUrl, {
    onData: (stats) => {
      if (!stats.cameras.length && !stats.counting.of) return location.reload();
      freshness.answered(stats.now, stats.site.timezone);
      showFigures(stats);
      showTiles(tiles, stats.cameras);
      attention.show(stats.attention.items);
      byId("attention-rest").hidden = !stats.attention.rest_text;
      setText(byId("attention-rest").querySelector("a"), stats.attention.rest_text);
      byId("calm").hidden = stats.attention.items.length > 0;
      setText(byId("calm").querySelector("[data-sentence]"), stats.calm);
      notices.show(stats.notices.map((notice) => ({ key: notice.code, ...notice })));
      announcer.hear(stats);
    },
    onFailure: (failure) => {
      freshness.failed(failure);
      if (failure.status === 401 || failure.status === 403) poller.stop();
    },
  });
  byId("trouble").querySelector("[data-retry]").addEventListener("click", () => poller.now());
  wirePause();
  poller.start();
  poller.now();
}

// Without any camera the page shows the first steps; it becomes the dashboard as soon as there is one.
function waitForFirstCamera() {
  const poller = new Poller(root.dataset.statsUrl, {
    onData: (stats) => (stats.cameras.length || stats.counting.of) && location.reload(),
    onFailure: ({ status }) => (status === 401 || status === 403) && poller.stop(),
  });
  poller.start();
}

if (byId("tiles")) start();
else waitForFirstCamera();
