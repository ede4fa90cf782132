// Says when the figures on the page are no longer current, and takes it back when they are.

import { setText, siteClock, timeOfDay } from "./clock.js";
import { say, wholeAge } from "./words.js";

const STALE_SECS = 6;
const FAILURES = 3;

export class Freshness {
  #root;
  #note;
  #zone;
  #answeredAt;
  #failure = null;
  #onChange;
  current = true;

  // onChange(current) greys the page or restores it.
  constructor(root, note, { answeredAt, zone, onChange }) {
    this.#root = root;
    this.#note = note;
    this.#answeredAt = answeredAt;
    this.#zone = zone;
    this.#onChange = onChange;
    document.addEventListener("visibilitychange", () => this.look());
    setInterval(() => this.look(), 1000);
  }

  get age() {
    return siteClock.now() - this.#answeredAt;
  }

  get time() {
    return timeOfDay(this.#answeredAt, this.#zone);
  }

  answered(now, zone) {
    siteClock.set(now);
    this.#answeredAt = now;
    this.#zone = zone;
    this.#failure = null;
    this.look();
  }

  failed(failure) {
    this.#failure = failure;
    this.look();
  }

  // A hidden tab does not poll, so its figures age without a failure: on return they are old until the first answer.
  look() {
    const signedOut = this.#failure && (this.#failure.status === 401 || this.#failure.status === 403);
    const current = !signedOut && this.age < STALE_SECS && (this.#failure?.failures ?? 0) < FAILURES;
    if (current !== this.current || !current) this.#say(current, signedOut);
    if (current !== this.current) {
      this.current = current;
      this.#root.dataset.current = current ? "yes" : "no";
    }
    if (!current) this.#onChange(false);
  }

  #say(current, signedOut) {
    const known = signedOut || (this.#failure?.failures ?? 0) >= FAILURES;
    this.#note.hidden = current || !known;
    if (this.#note.hidden) {
      this.#note.removeAttribute("role");
      return;
    }
    const kind = signedOut ? "signed_out" : this.#failure.code === "store_unreachable" ? "store" : "server";
    if (kind === "store") this.#note.setAttribute("role", "alert");
    if (this.#note.dataset.kind !== kind) {
      this.#note.dataset.kind = kind;
      setText(this.#note.querySelector("[data-sentence]"), say(kind, { time: this.time }));
      this.#note.querySelector("[data-retry]").hidden = signedOut;
      this.#note.querySelector("[data-login]").hidden = !signedOut;
    }
    setText(this.#note.querySelector("[data-title]"), say(`${kind}_title`, { age: wholeAge(this.age) }));
  }
}
