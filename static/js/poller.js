// One poll at a time of one address: every two seconds, slower while it fails, never while the tab is hidden.

const EVERY_MS = 2000;
const TIMEOUT_MS = 5000;
const LONGEST_MS = 15000;
const STEADY_FAILURES = 3;

export class Poller {
  #url;
  #onData;
  #onFailure;
  #timer = 0;
  #request = null;
  #failures = 0;
  #stopped = true;

  // onData(json): an answer. onFailure({status, code, failures}): none; status 0 = the server did not answer at all.
  constructor(url, { onData, onFailure }) {
    this.#url = url;
    this.#onData = onData;
    this.#onFailure = onFailure;
  }

  start() {
    this.#stopped = false;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#pause() : this.now()));
    addEventListener("pageshow", (event) => event.persisted && this.now());
    addEventListener("online", () => this.now());
    if (!document.hidden) this.#schedule(EVERY_MS);
  }

  stop() {
    this.#stopped = true;
    this.#pause();
  }

  // At once; a poll under way is dropped, since its answer may be from before the tab was hidden.
  now() {
    if (this.#stopped || document.hidden) return;
    this.#pause();
    this.#poll();
  }

  #pause() {
    clearTimeout(this.#timer);
    this.#request?.abort("paused");
    this.#request = null;
  }

  #schedule(delay) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#poll(), delay);
  }

  async #poll() {
    const request = new AbortController();
    this.#request = request;
    const timeout = setTimeout(() => request.abort("timeout"), TIMEOUT_MS);
    const startedAt = performance.now();
    let failure = null;
    try {
      const answer = await fetch(this.#url, { signal: request.signal, headers: { Accept: "application/json" }, cache: "no-store", priority: "high" });
      const json = await answer.json();
      if (this.#request !== request) return;
      if (answer.ok) {
        this.#failures = 0;
        this.#onData(json);
      } else {
        failure = { status: answer.status, code: json?.error?.code ?? "" };
      }
    } catch (error) {
      if (this.#request !== request) return;
      if (!(error instanceof TypeError || error instanceof SyntaxError || request.signal.aborted)) throw error;
      failure = { status: 0, code: "" };
    } finally {
      clearTimeout(timeout);
    }
    if (failure) this.#onFailure({ ...failure, failures: ++this.#failures });
    if (this.#stopped || document.hidden) return;
    this.#schedule(Math.max(200, this.#delay() - (failure ? 0 : performance.now() - startedAt)));
  }

  #delay() {
    if (this.#failures <= STEADY_FAILURES) return EVERY_MS;
    const slower = Math.min(LONGEST_MS, EVERY_MS * 2 ** (this.#failures - STEADY_FAILURES));
    return slower * (0.8 + Math.random() * 0.4);
  }
}
