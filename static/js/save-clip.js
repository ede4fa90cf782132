// The button that saves the last seconds of a camera's own video as a file.

import { setText } from "./clock.js";

const LONGEST_MS = 30000;

export class ClipButton {
  #button = document.getElementById("save-clip");
  #said = document.getElementById("clip-said");
  #kept = document.querySelector('[data-live="kept"]');
  #busy = false;
  #state = "";

  constructor() {
    this.#button.addEventListener("click", () => this.#save());
  }

  // From the page's status: how many seconds could be saved now.
  status(state) {
    this.#state = state;
    const seconds = Math.floor(Number(this.#kept.dataset.state));
    const words = this.#button.dataset;
    this.#button.hidden = !this.#busy && !(seconds >= 1 && (state === "live" || state === "degraded"));
    if (this.#busy) setText(this.#button, words.saving);
    else if (seconds >= 1) setText(this.#button, words.save.replace("{n}", seconds));
    this.#button.toggleAttribute("disabled", this.#busy);
    this.#button.setAttribute("aria-busy", String(this.#busy));
  }

  async #save() {
    const words = this.#button.dataset;
    this.#set(true, "");
    let outcome;
    try {
      outcome = words.saved.replace("{name}", await this.#fetch());
    } catch (error) {
      outcome = error instanceof Refused ? error.message : words.failed;
      if (!(error instanceof Refused || error instanceof TypeError || error instanceof DOMException)) throw error;
    } finally {
      this.#set(false, outcome ?? words.failed);
    }
  }

  #set(busy, said) {
    this.#busy = busy;
    setText(this.#said, said);
    this.status(this.#state);
    // A button that is disabled loses the focus; whoever went elsewhere meanwhile stays there.
    if (!busy && document.activeElement === document.body) this.#button.focus({ preventScroll: true });
  }

  async #fetch() {
    const answer = await fetch(`/stream/clip/${this.#button.dataset.camera}`, { cache: "no-store", signal: AbortSignal.timeout(LONGEST_MS) });
    if (!answer.ok) throw new Refused((await answer.json().catch(() => null))?.error?.message ?? this.#button.dataset.failed);
    const name = fileName(answer.headers.get("Content-Disposition") ?? "");
    const address = URL.createObjectURL(await answer.blob());
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
    return name;
  }
}

class Refused extends Error {}

function fileName(header) {
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(header)?.[1];
  return encoded ? decodeURIComponent(encoded) : (/filename="([^"]+)"/.exec(header)?.[1] ?? "video.mp4");
}
