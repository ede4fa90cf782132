// The server's time, kept between answers. Ages and the clock come from it, never from this device's own clock.

class SiteClock {
  #serverSecs = Date.now() / 1000;
  #setAt = Date.now();

  // Called with each answer. Elapsed time is taken from Date, because performance.now() may stand still while a
  // laptop sleeps; a wall clock that is corrected meanwhile is put right by the next answer.
  set(serverSecs) {
    this.#serverSecs = serverSecs;
    this.#setAt = Date.now();
  }

  now() {
    return this.#serverSecs + (Date.now() - this.#setAt) / 1000;
  }

  show(element) {
    if (!element) return;
    this.set(Number(element.dataset.now));
    const language = document.documentElement.lang;
    const zone = { timeZone: element.dataset.zone };
    const day = new Intl.DateTimeFormat(language, { ...zone, weekday: "short", day: "numeric", month: "short" });
    const time = new Intl.DateTimeFormat("en-GB", { ...zone, hour: "2-digit", minute: "2-digit", second: "2-digit" });
    const dayText = element.querySelector("[data-day]");
    const timeText = element.querySelector("[data-time]");
    let shownDay = "";
    const tick = () => {
      const now = this.now() * 1000;
      setText(timeText, time.format(now));
      const today = new Date(now).toISOString().slice(0, 13); // the day is written once an hour, in the server's words until then
      if (dayText && shownDay && shownDay !== today) setText(dayText, dayWords(day, now));
      shownDay = today;
      setTimeout(tick, 1000 - (now % 1000));
    };
    tick();
  }
}

function dayWords(format, now) {
  const parts = Object.fromEntries(format.formatToParts(now).map((part) => [part.type, part.value]));
  return `${parts.weekday} ${parts.day} ${parts.month}`;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function timeOfDay(secs, zone) {
  const parts = { timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit" };
  return new Intl.DateTimeFormat("en-GB", parts).format(secs * 1000);
}

export const siteClock = new SiteClock();
