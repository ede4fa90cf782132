// The number fields of the line's two points, in percent of the picture. What cannot be used stays as it was typed, with
// a sentence at its point; the line moves only by a number that can be used.

import { setText } from "./clock.js";

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)\s*%?$/;

export class PointFields {
  #fields = [...document.querySelectorAll("#ax, #ay, #bx, #by")];
  #refusal = document.getElementById("line-refusal");
  #hint = document.getElementById("xy-hint");
  #wrong = new Map();
  #words;

  // words: the sentences, `notNumber` and `outside` with {text}. onValue(key, axis, value): value is 0-1.
  constructor(words, onValue) {
    this.#words = words;
    for (const field of this.#fields) field.addEventListener("change", () => this.#take(field, onValue));
  }

  get hasErrors() {
    return this.#wrong.size > 0;
  }

  focusFirstError() {
    this.#wrong.keys().next().value?.focus();
  }

  // points: null = no line. Fields with an error keep what was typed.
  show(points) {
    for (const field of this.#fields) {
      const [key, axis] = field.id;
      const point = points?.[key === "a" ? 0 : 1];
      field.disabled = !point;
      if (!this.#wrong.has(field)) field.value = point ? (point[axis === "x" ? 0 : 1] * 100).toFixed(1) : "";
    }
  }

  // The points were moved in another way: errors at them are over. key: a, b, or nothing for both.
  moved(key = "") {
    for (const field of [...this.#wrong.keys()]) if (field.id.startsWith(key)) this.#wrong.delete(field);
    this.#accept();
  }

  #accept() {
    if (this.#refusal) this.#refusal.hidden = true;
    this.#paint();
  }

  #take(field, onValue) {
    const text = field.value.trim();
    const value = NUMBER.test(text.replace(",", ".")) ? Number.parseFloat(text.replace(",", ".")) : null;
    if (value === null || value < 0 || value > 100) {
      const sentence = value === null ? this.#words.notNumber : this.#words.outside;
      this.#wrong.set(field, sentence.replace("{text}", text));
      return this.#paint();
    }
    this.#wrong.delete(field);
    this.#accept();
    onValue(field.id[0], field.id[1], value / 100);
  }

  #paint() {
    const refused = this.#refusal && !this.#refusal.hidden;
    for (const field of this.#fields) field.setAttribute("aria-invalid", String(refused || this.#wrong.has(field)));
    for (const key of ["a", "b"]) {
      const note = document.getElementById(`${key}-note`);
      const sentences = this.#fields.filter((field) => field.id[0] === key).map((field) => this.#wrong.get(field));
      setText(note.querySelector("span"), sentences.filter(Boolean).join(" "));
      note.hidden = !sentences.some(Boolean);
    }
    this.#hint.hidden = refused || this.hasErrors;
  }
}
