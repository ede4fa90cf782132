// Sentences the server sent along with the page, and ages in them.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}");

export function say(name, values = {}) {
  return words[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export function age(secs) {
  const whole = Math.max(0, secs);
  if (whole < 9.95) {
    const n = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    return say("secs", { n: n.format(whole) });
  }
  if (whole < 60) return say("secs", { n: Math.floor(whole) });
  if (whole < 3600) return say("mins", { n: Math.floor(whole / 60) });
  if (whole < 172800) return say("hours", { n: Math.floor(whole / 3600) });
  return say("days", { n: Math.floor(whole / 86400) });
}

// Ages that a person reads as "how long has it been": no tenths.
export function wholeAge(secs) {
  return secs < 60 ? say("secs", { n: Math.max(0, Math.floor(secs)) }) : age(secs);
}
