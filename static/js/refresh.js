// Keeps single cells of a server-rendered page current: fetches the page again and takes over what changed.
// Elements marked data-live="name" are exchanged inside; data-live-state="name" takes the data-state of that element.

import { setText, siteClock } from "./clock.js";
import { say, wholeAge } from "./words.js";

const EVERY_MS = 3000;
const STALE_SECS = 10;

export class Refresh {
  #answeredAt = siteClock.now();
  #onFresh;
  #note;
  #timer = 0;

  // onFresh() runs after each answer. note: the element that says the page is not current.
  constructor({ note, onFresh }) {
    this.#note = note;
    this.#onFresh = onFresh;
    document.addEventListener("visibilitychange", () => !document.hidden && this.#again());
    setInterval(() => this.#look(), 1000);
    this.#timer = setTimeout(() => this.#again(), EVERY_MS);
  }

  async #again() {
    clearTimeout(this.#timer);
    if (!document.hidden) {
      try {
        await this.#fetch();
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
      }
      this.#look();
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), EVERY_MS);
  }

  async #fetch() {
    const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(8000) });
    if (!answer.ok || answer.redirected) throw new TypeError(`status ${answer.status}`);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const element of document.querySelectorAll("[data-live]")) {
      const source = fresh.querySelector(`[data-live="${CSS.escape(element.dataset.live)}"]`);
      if (!source) continue;
      if (source.innerHTML !== element.innerHTML) element.replaceChildren(...source.cloneNode(true).childNodes);
      if (source.dataset.state) element.dataset.state = source.dataset.state;
      if (source.dataset.reason !== undefined) element.dataset.reason = source.dataset.reason;
    }
    const clock = fresh.querySelector("[data-clock]");
    if (clock) siteClock.set(Number(clock.dataset.now));
    this.#answeredAt = siteClock.now();
    this.#onFresh();
  }

  #look() {
    const secs = siteClock.now() - this.#answeredAt;
    this.#note.hidden = secs < STALE_SECS;
    if (!this.#note.hidden) setText(this.#note.querySelector(".state span, span"), say("stale", { age: wholeAge(secs) }));
  }
}
