// The counting line on a camera's picture: two points that can be dragged, typed, or moved with the keyboard.
// Moving onto the left-hand side of the line, seen from A towards B, is "in"; `reverse` swaps the sides.

import { PointFields } from "./point-fields.js";

const STEP = 0.005;
const BIG_STEP = 0.05;
const FIRST_LINE = [[0.2, 0.6], [0.8, 0.6]];
const UNDO_DEPTH = 100;

const clamp = (value) => Math.min(1, Math.max(0, value));
const tidy = (value) => Math.round(clamp(value) * 1000) / 1000;
const percent = (value) => Math.round(value * 1000) / 10;

export class LineEditor {
  #stage;
  #input;
  #reverse;
  #onChange;
  #fields;
  #points = null;
  #past = [];
  #editing = false;
  #aspect = 16 / 9;

  // input: the form's field with [[ax, ay], [bx, by]]. reverse: its checkbox. onChange() runs after every change.
  constructor(stage, { input, reverse, onChange }) {
    this.#stage = stage;
    this.#input = input;
    this.#reverse = reverse;
    this.#onChange = onChange;
    this.#points = input.value ? JSON.parse(input.value) : null;
    reverse.addEventListener("change", () => this.#draw());
    stage.addEventListener("keydown", (event) => this.#key(event));
    for (const handle of this.#handles()) this.#wireHandle(handle);
    this.#wireDrawing();
    this.#fields = new PointFields(stage.dataset, (key, axis, value) => this.#typed(key, axis, value));
    this.#draw();
  }

  get hasLine() {
    return this.#points !== null;
  }

  get hasErrors() {
    return this.#fields.hasErrors;
  }

  focusFirstError() {
    this.#fields.focusFirstError();
  }

  get canUndo() {
    return this.#past.length > 0;
  }

  edit(on) {
    this.#editing = on;
    this.#draw();
  }

  fit(aspect) {
    this.#aspect = aspect;
    this.#draw();
  }

  add() {
    this.#remember();
    this.#fields.moved();
    this.#set(FIRST_LINE);
    this.#handle("a").focus();
  }

  remove() {
    this.#remember();
    this.#fields.moved();
    this.#set(null);
  }

  undo() {
    if (!this.#past.length) return;
    const { points, reverse } = this.#past.pop();
    this.#reverse.checked = reverse;
    this.#fields.moved();
    this.#set(points);
  }

  swap() {
    this.#remember();
    this.#reverse.checked = !this.#reverse.checked;
    this.#set(this.#points);
  }

  #remember() {
    this.#past.push({ points: this.#points && this.#points.map((point) => [...point]), reverse: this.#reverse.checked });
    if (this.#past.length > UNDO_DEPTH) this.#past.shift();
  }

  #set(points) {
    this.#points = points && points.map(([x, y]) => [tidy(x), tidy(y)]);
    this.#input.value = this.#points ? JSON.stringify(this.#points) : "";
    this.#draw();
    this.#onChange();
  }

  #move(key, x, y) {
    const points = this.#points.map((point) => [...point]);
    points[key === "a" ? 0 : 1] = [x, y];
    this.#set(points);
  }

  #handles() {
    return [...this.#stage.querySelectorAll("[data-handle]")];
  }

  #handle(key) {
    return this.#stage.querySelector(`[data-handle="${key}"]`);
  }

  #at(event) {
    const box = this.#stage.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  #wireHandle(handle) {
    const key = handle.dataset.handle;
    handle.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? BIG_STEP : STEP;
      const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
      if (!by || !this.#points) return;
      event.preventDefault();
      this.#remember();
      const [x, y] = this.#points[key === "a" ? 0 : 1];
      this.#fields.moved(key);
      this.#move(key, x + by[0], y + by[1]);
    });
    handle.addEventListener("pointerdown", (event) => {
      event.stopPropagation();
      this.#remember();
      handle.setPointerCapture(event.pointerId);
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      this.#fields.moved(key);
      this.#move(key, ...this.#at(event));
    });
  }

  // Without a line, press and pull on the picture draws one from A to B.
  #wireDrawing() {
    let from = null;
    this.#stage.addEventListener("pointerdown", (event) => {
      if (!this.#editing || this.#points || event.button !== 0) return;
      from = this.#at(event);
      this.#stage.setPointerCapture(event.pointerId);
    });
    this.#stage.addEventListener("pointermove", (event) => {
      if (!from) return;
      const to = this.#at(event);
      if (!this.#points && Math.hypot(to[0] - from[0], to[1] - from[1]) < 0.02) return;
      if (!this.#points) this.#remember();
      this.#set([from, to]);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.#stage.addEventListener(end, () => {
        from = null;
      });
    }
  }

  #typed(key, axis, value) {
    if (!this.#points) return;
    this.#remember();
    const [x, y] = this.#points[key === "a" ? 0 : 1];
    this.#move(key, axis === "x" ? value : x, axis === "y" ? value : y);
  }

  #key(event) {
    if (!this.#editing || event.metaKey || event.altKey) return;
    if (event.ctrlKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      this.undo();
    } else if (!event.ctrlKey && event.key.toLowerCase() === "r" && this.#points) {
      this.swap();
    }
  }

  // The direction that counts as in, as a unit vector in heights of the picture.
  #inwards() {
    const [[ax, ay], [bx, by]] = this.#points;
    const [dx, dy] = [(bx - ax) * this.#aspect, by - ay];
    const length = Math.hypot(dx, dy) || 1;
    const sign = this.#reverse.checked ? -1 : 1;
    return { nx: (sign * dy) / length, ny: (-sign * dx) / length, tx: dx / length, ty: dy / length };
  }

  #draw() {
    const shown = this.#editing && this.#points !== null;
    const drawing = this.#stage.querySelector(".draw");
    drawing.toggleAttribute("hidden", !shown);
    for (const element of this.#stage.querySelectorAll(".handle, .side-lab")) element.hidden = !shown;
    if (shown) this.#drawLine(drawing);
    this.#fields.show(this.#points);
    this.#say();
  }

  #drawLine(drawing) {
    const [[ax, ay], [bx, by]] = this.#points;
    const { nx, ny, tx, ty } = this.#inwards();
    const across = (x) => x / this.#aspect;
    const at = (x, y) => `${(x * 1600).toFixed(1)} ${(y * 900).toFixed(1)}`;
    const middle = [ax + 0.38 * (bx - ax), ay + 0.38 * (by - ay)];
    const from = (distance, along = 0) => [middle[0] + across(nx * distance + tx * along), middle[1] + ny * distance + ty * along];
    const line = `M${at(ax, ay)}L${at(bx, by)}`;
    for (const path of drawing.querySelectorAll("[data-line]")) path.setAttribute("d", line);
    const [foot, tip, left, right] = [from(0.03), from(0.16), from(0.12, -0.035), from(0.12, 0.035)];
    const arrow = `M${at(...foot)}L${at(...tip)}M${at(...left)}L${at(...tip)}L${at(...right)}`;
    for (const path of drawing.querySelectorAll("[data-arrow]")) path.setAttribute("d", arrow);
    const deep = [across(nx * 0.12), ny * 0.12];
    drawing.querySelector(".zone-in").setAttribute("d", `${line}L${at(bx + deep[0], by + deep[1])}L${at(ax + deep[0], ay + deep[1])}Z`);
    for (const [name, distance] of [["in", 0.22], ["out", -0.1]]) {
      const label = this.#stage.querySelector(`[data-side="${name}"]`);
      const [x, y] = from(distance);
      label.style.left = `${clamp(x) * 100}%`;
      label.style.top = `${Math.min(0.96, Math.max(0.04, y)) * 100}%`;
    }
    for (const [key, [x, y]] of [["a", [ax, ay]], ["b", [bx, by]]]) {
      const handle = this.#handle(key);
      handle.style.left = `${x * 100}%`;
      handle.style.top = `${y * 100}%`;
      handle.setAttribute("aria-label", fill(this.#stage.dataset.point, { name: key.toUpperCase(), x: percent(x), y: percent(y) }));
    }
  }

  #say() {
    const words = document.getElementById("line-words");
    const data = this.#stage.dataset;
    let text = data.noLine;
    if (this.#points) {
      const [[ax, ay], [bx, by]] = this.#points;
      const { nx, ny } = this.#inwards();
      const side = Math.abs(ny) >= Math.abs(nx) ? (ny < 0 ? data.top : data.bottom) : nx < 0 ? data.left : data.right;
      text = fill(data.lineWords, { ax: percent(ax), ay: percent(ay), bx: percent(bx), by: percent(by), side });
    }
    if (words.textContent !== text) words.textContent = text;
  }
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}
