// What a screen reader hears: one polite sentence when a state changes, at most one a minute besides; an alert for "over".

import { setText } from "./clock.js";
import { say } from "./words.js";

const QUIET_MS = 60000;

export class Announcer {
  #words;
  #alarm;
  #state = null;
  #saidAt = performance.now();
  #said = "";

  constructor(words, alarm) {
    this.#words = words;
    this.#alarm = alarm;
  }

  hear(stats) {
    const { state, sentence, detail } = stats.occupancy;
    const now = `${state} ${stats.counting.counting} ${stats.counting.of}`;
    const first = this.#state === null;
    const changed = !first && now !== this.#state;
    const minute = stats.summary !== this.#said && performance.now() - this.#saidAt > QUIET_MS;
    if (changed || minute) {
      setText(this.#words, stats.summary);
      this.#said = stats.summary;
      this.#saidAt = performance.now();
    }
    if (state !== "over") setText(this.#alarm, "");
    else if (first || !this.#state.startsWith("over")) setText(this.#alarm, say("over_alert", { sentence, detail }));
    this.#state = now;
  }
}
