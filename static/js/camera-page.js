// One camera: its live picture with boxes to watch, or stills with the line on top to draw.

import { setText } from "./clock.js";
import { LineEditor } from "./line-editor.js";
import { Refresh } from "./refresh.js";
import { ClipButton } from "./save-clip.js";
import { say } from "./words.js";

const STILL_MS = 1000;
const LONGEST_MS = 8000;

const stage = document.getElementById("stage");
const image = stage.querySelector("img");
const form = document.getElementById("camera-form");
const lineInput = form.elements.line;
const reverse = form.elements.reverse;
const spelled = (line) => (line ? JSON.stringify(JSON.parse(line)) : ""); // as the editor spells it, to see changes
lineInput.value = spelled(lineInput.value);
const saved = { line: spelled(stage.dataset.savedLine), reverse: stage.dataset.savedReverse === "yes" };

class StagePicture {
  #mode = "watch";
  #state = stage.dataset.state;
  #reason = "";
  #timer = 0;
  #address = "";
  #failures = 0;

  constructor() {
    document.addEventListener("visibilitychange", () => this.#restart());
    addEventListener("pagehide", () => this.#stop());
    image.addEventListener("error", () => this.#mode === "watch" && this.#lost());
    setInterval(() => this.#fit(), 500);
  }

  show(mode) {
    this.#mode = mode;
    this.#restart();
  }

  // From the page's status: an offline camera shows no picture, a stale one a grey picture.
  status(state, reason) {
    // The server ends a stream whose pictures stopped, without telling the element that shows it.
    const [wasOff, wasStale] = [this.#isOff(), this.#state === "stale"];
    this.#state = state;
    this.#reason = reason;
    if (wasOff !== this.#isOff() || (wasStale && state !== "stale")) this.#restart();
    this.#paint();
  }

  #isOff() {
    return this.#state === "offline" || this.#state === "disabled";
  }

  #stop() {
    clearTimeout(this.#timer);
    image.removeAttribute("src"); // ends a running stream; hiding the element would not
    if (this.#address) URL.revokeObjectURL(this.#address);
    this.#address = "";
  }

  #restart() {
    this.#stop();
    this.#failures = 0;
    image.hidden = true;
    if (document.hidden || this.#isOff()) return this.#paint();
    if (this.#mode === "watch") this.#watch();
    else this.#still();
    this.#paint();
  }

  #watch() {
    image.src = `/stream/annotated/${stage.dataset.camera}?t=${Date.now()}`;
    image.hidden = false;
  }

  #lost() {
    if (!image.getAttribute("src") || document.hidden) return;
    image.hidden = true;
    this.#failures += 1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => !this.#isOff() && this.#mode === "watch" && this.#watch(), this.#wait());
    this.#paint();
  }

  #wait() {
    return Math.min(LONGEST_MS, STILL_MS * 2 ** Math.min(this.#failures, 4));
  }

  async #still() {
    const startedAt = performance.now();
    try {
      const answer = await fetch(`/stream/still/${stage.dataset.camera}.jpg`, { cache: "no-store", signal: AbortSignal.timeout(6000) });
      if (!answer.ok) throw new TypeError(`status ${answer.status}`);
      const address = URL.createObjectURL(await answer.blob());
      if (this.#mode !== "draw" || document.hidden) return URL.revokeObjectURL(address);
      const before = this.#address;
      image.src = address;
      await image.decode();
      this.#address = address;
      if (before) URL.revokeObjectURL(before);
      image.hidden = false;
      this.#failures = 0;
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof DOMException)) throw error;
      this.#failures += 1;
    }
    this.#paint();
    if (this.#mode !== "draw" || document.hidden || this.#isOff()) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#still(), this.#failures ? this.#wait() : Math.max(100, STILL_MS - (performance.now() - startedAt)));
  }

  #fit() {
    if (!image.naturalWidth || !image.naturalHeight) return;
    const aspect = image.naturalWidth / image.naturalHeight;
    if (Math.abs(aspect - (this.aspect ?? 0)) < 0.001) return;
    this.aspect = aspect;
    stage.style.aspectRatio = String(aspect);
    stage.style.maxWidth = `calc(75vh * ${aspect})`;
    editor.fit(aspect);
  }

  #paint() {
    stage.dataset.state = this.#state;
    const middle = stage.querySelector(".mid");
    const title = this.#isOff() ? say(this.#state === "disabled" ? "disabled" : "no_picture") : this.#failures || image.hidden ? say("waiting") : "";
    middle.hidden = !title;
    setText(middle.querySelector("[data-title]"), title);
    setText(middle.querySelector("[data-text]"), this.#isOff() ? this.#reason : this.#failures > 2 ? say("picture_fails") : "");
    const tag = stage.querySelector(".tag");
    tag.hidden = this.#state !== "stale";
    if (!tag.hidden) setText(tag.querySelector("[data-age]"), say("not_live"));
  }
}

function lineChanged() {
  return lineInput.value !== saved.line || reverse.checked !== saved.reverse;
}

function showTools() {
  const changed = lineChanged();
  const unsaved = document.getElementById("unsaved");
  unsaved.hidden = !changed;
  setText(unsaved, changed ? stage.dataset.unsaved : "");
  const tools = document.getElementById("tools");
  tools.querySelector("[data-add]").hidden = editor.hasLine;
  tools.querySelector("[data-remove]").hidden = !editor.hasLine;
  tools.querySelector("[data-undo]").disabled = !editor.canUndo;
}

function setMode(mode) {
  const drawing = mode === "draw";
  for (const button of document.querySelectorAll("[data-mode]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
  for (const id of ["tools", "swap", "points", "line-keys"]) document.getElementById(id).hidden = !drawing;
  editor.edit(drawing);
  picture.show(mode);
}

// What was typed is not lost by a click beside it: neither by leaving the page nor by saving around a field with an error.
function guardChanges() {
  const typed = () => JSON.stringify([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const asLoaded = typed();
  let leaving = false;
  form.addEventListener("submit", (event) => {
    if (!editor.hasErrors) {
      leaving = true;
      return;
    }
    event.preventDefault();
    setMode("draw");
    editor.focusFirstError();
  });
  addEventListener("pageshow", () => {
    leaving = false;
  });
  addEventListener("beforeunload", (event) => {
    const unsaved = "refused" in form.dataset || lineChanged() || editor.hasErrors || typed() !== asLoaded;
    if (unsaved && !leaving) event.preventDefault();
  });
}

function takeStatus() {
  const status = document.querySelector('[data-live="camera-state"]');
  picture.status(status.dataset.state, status.dataset.reason);
  clipButton.status(status.dataset.state);
}

const editor = new LineEditor(stage, { input: lineInput, reverse, onChange: () => showTools() });
const picture = new StagePicture();
const clipButton = new ClipButton();

const modes = document.getElementById("modes");
modes.hidden = !modes.dataset.mayDraw;
for (const button of modes.querySelectorAll("[data-mode]")) button.addEventListener("click", () => setMode(button.dataset.mode));
const tools = document.getElementById("tools");
tools.querySelector("[data-add]").addEventListener("click", () => editor.add());
tools.querySelector("[data-undo]").addEventListener("click", () => editor.undo());
tools.querySelector("[data-remove]").addEventListener("click", () => editor.remove());
reverse.addEventListener("change", showTools);
if (!editor.hasLine) setText(modes.querySelector('[data-mode="draw"]'), stage.dataset.draw);

showTools();
setMode(modes.hidden || (editor.hasLine && !lineChanged()) ? "watch" : "draw");
guardChanges();
takeStatus();
new Refresh({ note: document.getElementById("not-current"), onFresh: takeStatus });
