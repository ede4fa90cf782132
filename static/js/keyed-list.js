// A list whose items keep their elements: text changes at once, order only while nobody points at it or is in it.

export class KeyedList {
  #list;
  #template;
  #update;
  #waiting = null;

  // update(element, item) fills an element; it is called for new ones too.
  constructor(list, template, update) {
    this.#list = list;
    this.#template = template;
    this.#update = update;
    const settle = () => setTimeout(() => this.#waiting && this.#arrange(this.#waiting), 0);
    list.addEventListener("pointerleave", settle);
    list.addEventListener("focusout", settle);
  }

  get elements() {
    return [...this.#list.children];
  }

  // items: [{key, ...}] in the wanted order.
  show(items) {
    const byKey = new Map(items.map((item) => [String(item.key), item]));
    for (const element of this.elements) {
      const item = byKey.get(element.dataset.key);
      if (item) this.#update(element, item);
    }
    this.#arrange(items);
  }

  #isHeld() {
    return this.#list.matches(":hover") || this.#list.contains(document.activeElement);
  }

  #arrange(items) {
    const known = new Map(this.elements.map((element) => [element.dataset.key, element]));
    if (items.map((item) => String(item.key)).join() === [...known.keys()].join()) {
      this.#waiting = null;
      return;
    }
    if (this.#isHeld()) {
      this.#waiting = items;
      return;
    }
    this.#waiting = null;
    const wanted = items.map((item) => known.get(String(item.key)) ?? this.#make(item));
    for (const element of this.elements) if (!wanted.includes(element)) element.remove();
    wanted.forEach((element, index) => {
      if (this.#list.children[index] !== element) this.#list.insertBefore(element, this.#list.children[index] ?? null);
    });
  }

  #make(item) {
    const element = this.#template.content.firstElementChild.cloneNode(true);
    element.dataset.key = item.key;
    this.#update(element, item);
    return element;
  }
}
