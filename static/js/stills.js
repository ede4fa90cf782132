// Still pictures of the cameras in view: one a second each, a few at a time, none while the tab is hidden.
// A picture carries its age; what is late is marked, and an offline camera shows none.

import { setText, siteClock } from "./clock.js";
import { age, say, wholeAge } from "./words.js";

const AT_ONCE = 3;
const STEP_MS = 250;
const TIMEOUT_MS = 6000;
const LONGEST_MS = 10000;
const STALE_SECS = 3;
const CALM_MS = 5000;

class Picture {
  constructor(element, id) {
    this.element = element;
    this.id = id;
    this.image = element.querySelector("img");
    this.overlay = element.querySelector(".ov");
    this.camera = null;
    this.visible = false;
    this.loading = false;
    this.capturedAt = null;
    this.failures = 0;
    this.nextAt = 0;
    this.address = "";
  }

  wanted(now) {
    if (!this.visible || this.loading || now < this.nextAt || !this.camera) return false;
    return this.camera.state !== "offline" && this.camera.state !== "disabled";
  }

  async load(every) {
    this.loading = true;
    const startedAt = performance.now();
    try {
      const answer = await fetch(`/stream/still/${this.id}.jpg`, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS), priority: "low" });
      if (!answer.ok) throw new TypeError(`status ${answer.status}`);
      const capturedAt = Number(answer.headers.get("X-Captured-At")) || null;
      await this.#show(await answer.blob());
      this.capturedAt = capturedAt;
      this.failures = 0;
      this.nextAt = startedAt + every;
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
      this.failures += 1;
      this.nextAt = performance.now() + Math.min(LONGEST_MS, every * 2 ** Math.min(this.failures - 1, 5)) * (0.8 + Math.random() * 0.4);
    } finally {
      this.loading = false;
    }
  }

  // The old address is given up only once the new picture stands: no blank in between, and no blob left behind.
  async #show(blob) {
    const address = URL.createObjectURL(blob);
    const before = this.address;
    this.image.src = address;
    try {
      await this.image.decode();
    } catch (error) {
      URL.revokeObjectURL(address);
      if (before) this.image.src = before;
      throw error;
    }
    this.address = address;
    this.image.hidden = false;
    if (before) URL.revokeObjectURL(before);
    this.drawLine();
  }

  drop() {
    if (!this.address) return;
    URL.revokeObjectURL(this.address);
    this.address = "";
    this.image.removeAttribute("src");
    this.image.hidden = true;
    this.capturedAt = null;
  }

  drawLine() {
    if (!this.overlay) return;
    const line = this.camera?.line;
    this.overlay.toggleAttribute("hidden", !line || !this.address);
    if (!line || !this.address) return;
    const [width, height] = [this.image.naturalWidth, this.image.naturalHeight];
    const path = `M${line.map(([x, y]) => `${(x * width).toFixed(1)} ${(y * height).toFixed(1)}`).join("L")}`;
    const box = `0 0 ${width} ${height}`;
    if (this.overlay.getAttribute("viewBox") !== box) this.overlay.setAttribute("viewBox", box);
    for (const stroke of this.overlay.querySelectorAll("path")) if (stroke.getAttribute("d") !== path) stroke.setAttribute("d", path);
  }

  // What the picture claims: live with its age, or why it is not.
  state(paused, every) {
    const camera = this.camera;
    if (camera.state === "offline") return { name: "offline", icon: "offline", title: say("no_picture"), text: camera.reason };
    if (camera.state === "disabled") return { name: "disabled", icon: "offline", title: say("disabled"), text: camera.reason };
    if (!this.address && paused) return { name: "paused", icon: "pause", title: say("paused_before"), text: "" };
    if (!this.address) {
      const text = this.failures > 2 ? say("picture_fails") : "";
      return { name: "waiting", icon: "stale", title: say("waiting"), text };
    }
    const secs = this.capturedAt === null ? null : siteClock.now() - this.capturedAt;
    const late = secs === null || secs > Math.max(STALE_SECS, (3 * every) / 1000);
    if (late && paused) return { name: "paused", icon: "pause", title: say("paused", { age: wholeAge(secs ?? 0) }), text: "" };
    if (late || camera.state === "stale") {
      const old = Math.max(secs ?? 0, camera.frame_age_secs ?? 0);
      return { name: "stale", icon: "stale", title: say("not_live"), text: say("last_picture", { age: wholeAge(old) }) };
    }
    return { name: camera.state, icon: "", title: "", text: "", age: age(secs) };
  }

  paint(paused, every) {
    if (!this.camera) return;
    if (this.camera.state === "offline" || this.camera.state === "disabled") this.drop();
    const state = this.state(paused, every);
    const { element } = this;
    if (element.dataset.state !== state.name) element.dataset.state = state.name;
    const [middle, tag] = [element.querySelector(".mid"), element.querySelector(".tag")];
    middle.hidden = !state.title;
    if (state.title) {
      middle.querySelector("use").setAttribute("href", `#i-${state.icon}`);
      setText(middle.querySelector("[data-title]"), state.title);
      setText(middle.querySelector("[data-text]"), state.text);
    }
    tag.hidden = !state.age;
    if (state.age) setText(tag.querySelector("[data-age]"), state.age);
    this.drawLine();
  }
}

export class Stills {
  #pictures = new Map();
  #paused = false;
  #watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const picture = this.#pictures.get(entry.target);
      if (picture) picture.visible = entry.isIntersecting;
    }
  }, { rootMargin: "100px" });

  constructor() {
    this.calm = matchMedia("(prefers-reduced-motion: reduce)");
    document.addEventListener("visibilitychange", () => this.#step());
    setInterval(() => this.#step(), STEP_MS);
  }

  get every() {
    return this.calm.matches ? CALM_MS : 1000;
  }

  get paused() {
    return this.#paused;
  }

  pause(paused) {
    this.#paused = paused;
    this.#step();
  }

  // camera: an entry of /api/stats.
  show(element, camera) {
    let picture = this.#pictures.get(element);
    if (!picture) {
      picture = new Picture(element, camera.id);
      this.#pictures.set(element, picture);
      this.#watcher.observe(element);
    }
    picture.camera = camera;
    picture.paint(this.#paused, this.every);
  }

  // Lets go of pictures whose element has left the page.
  sweep() {
    for (const [element, picture] of this.#pictures) {
      if (element.isConnected) continue;
      picture.drop();
      this.#watcher.unobserve(element);
      this.#pictures.delete(element);
    }
  }

  #step() {
    const now = performance.now();
    const all = [...this.#pictures.values()];
    for (const picture of all) if (picture.visible) picture.paint(this.#paused, this.every);
    if (document.hidden || this.#paused) return;
    let free = AT_ONCE - all.filter((picture) => picture.loading).length;
    const due = all.filter((picture) => picture.wanted(now)).sort((one, other) => one.nextAt - other.nextAt);
    for (const picture of due) {
      if (free-- <= 0) return;
      picture.load(this.every).then(() => picture.paint(this.#paused, this.every));
    }
  }
}
