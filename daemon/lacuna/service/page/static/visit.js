// Speaks to Lacuna. The key of this tab lies in `sessionStorage` (no other port and no other tab
// sees it) and goes into a header of every request; there is no cookie.

import { _ } from "./texts.js";

const API = new URL("api/", import.meta.url);
const KEY = "lacuna-key";
const SCHEME = "Lacuna-Page";

/** An error that is shown to people. */
export class Refusal extends Error {
  constructor(message, code = "") {
    super(message);
    this.code = code;
  }
}

/** This tab has no key, or one that is no longer good. */
export class SignedOut extends Refusal {}

/** Nothing answers. */
export class Unreachable extends Refusal {}

/** What a tab may ask for. */
export class Visit {
  #key;

  constructor(key) {
    this.#key = key;
  }

  /** Returns the visit of this tab: with a code a new one, without it the one that it had. */
  static async begin(code) {
    if (code) {
      const { key } = await new Visit("").call("sign-in", { code });
      sessionStorage.setItem(KEY, key);
    }
    const key = sessionStorage.getItem(KEY);
    if (!key) {
      throw new SignedOut(
        _("This tab is not signed in. Type `lacuna page` in a terminal to open the page."),
      );
    }
    return new Visit(key);
  }

  /** Returns the answer to a question, as an object. */
  async call(name, body = {}) {
    const answer = await this.#ask(name, body, null);
    return answer.json();
  }

  /**
   * Calls `onEvent` with every event of a stream, until it ends.
   * @param {string} name
   * @param {function(string, object)} onEvent gets the kind and the data
   * @param {AbortSignal} signal ends it
   */
  async follow(name, onEvent, signal) {
    const answer = await this.#ask(name, {}, signal);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read().catch(() => ({ done: true }));
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const lines = event.split("\n").map((line) => line.split(/: (.*)/s));
        const { event: kind, data } = Object.fromEntries(lines);
        if (data !== undefined) onEvent(kind, JSON.parse(data));
      }
    }
  }

  async #ask(name, body, signal) {
    const headers = { "Content-Type": "application/json" };
    if (this.#key) headers.Authorization = `${SCHEME} ${this.#key}`;
    let answer;
    try {
      answer = await fetch(new URL(name, API), {
        method: "POST",
        headers,
        body: JSON.stringify(body),
        credentials: "omit",
        redirect: "error",
        signal,
      });
    } catch {
      throw new Unreachable(
        _("Lacuna does not answer. If it was ended or updated, type `lacuna page` in a terminal."),
      );
    }
    if (answer.ok) return answer;
    throw await refusalOf(answer);
  }
}

async function refusalOf(answer) {
  const { error = {} } = await answer.json().catch(() => ({}));
  if (answer.status === 401 && answer.url.endsWith("/sign-in")) {
    return new SignedOut(
      _(
        "This address was used before, or is older than a minute. Type `lacuna page` in a " +
          "terminal for another one.",
      ),
    );
  }
  if (answer.status === 401) {
    sessionStorage.removeItem(KEY);
    return new SignedOut(
      _("Lacuna was started anew. Type `lacuna page` in a terminal to open the page again."),
    );
  }
  if (error.code === "too_many_tries") {
    return new SignedOut(
      _("Too many wrong addresses were tried. Wait a minute, then type `lacuna page` again."),
    );
  }
  if (error.code === "busy") {
    return new Refusal(_("Another tab does this just now. Try again when it is done."), error.code);
  }
  return new Refusal(
    error.message || _("Lacuna answered with status {}.", answer.status),
    error.code,
  );
}
