// The view of what Lacuna does: follows its state, and hands it to the parts of the view.

import { checkPart } from "./check.js";
import { prose, element, replaceChildren, setText } from "./elements.js";
import { computerPart, errorsPart, versionsPart } from "./facts.js";
import { fillsPart } from "./fills.js";
import { modelsPart } from "./models.js";
import { _ } from "./texts.js";
import { SignedOut, Unreachable } from "./visit.js";

const AGAIN_MS = 2000; // before it is asked again after silence
const SILENCE_MS = 25000; // Lacuna says something every 10 s

/**
 * Shows the view, and returns what ends it.
 * @param {Visit} visit
 * @param {{view: Element, connection: Element, onSignedOut: function(Error)}} page
 */
export function showState(visit, { view, connection, onSignedOut }) {
  const parts = [fillsPart, modelsPart, computerPart, errorsPart, versionsPart, checkPart].map(
    (make) => make(visit),
  );
  const notice = element("div", { class: "notice", role: "alert", hidden: true });
  replaceChildren(view, notice, element("div", { class: "parts" }, ...parts.map((p) => p.node)));
  setText(connection, _("Connecting"));

  const end = new AbortController();
  let stream = null;

  function show(state) {
    notice.hidden = true;
    const ready = state.health === "ok";
    setText(connection, ready ? _("Ready") : _("Fills are refused just now"));
    for (const part of parts) part.show(state);
    const [first] = state.jobs;
    document.title = first ? `${Math.floor(first.percent)} % - Lacuna` : "Lacuna";
    view.dataset.state = "shown";
  }

  function lose(error) {
    setText(connection, _("No connection"));
    document.title = "Lacuna";
    if (notice.hidden) replaceChildren(notice, prose(error.message));
    notice.hidden = false;
    view.dataset.state = "lost";
  }

  /** Follows the state for as long as the tab is seen: browsers open few connections. */
  async function follow() {
    while (!end.signal.aborted && !document.hidden) {
      stream = new AbortController();
      const quiet = watchSilence(stream);
      try {
        await visit.follow(
          "state",
          (kind, state) => {
            quiet.heard();
            if (kind === "state") show(state);
          },
          stream.signal,
        );
        if (stream.signal.aborted && !quiet.tooLong) break;
        throw new Unreachable(
          _("Lacuna does not answer. If it was ended or updated, type `lacuna page` in a terminal."),
        );
      } catch (error) {
        if (end.signal.aborted || document.hidden) break;
        if (error instanceof SignedOut) return onSignedOut(error);
        lose(error);
      } finally {
        quiet.stop();
      }
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
    stream = null;
  }

  function onVisible() {
    if (document.hidden) stream?.abort();
    else if (stream === null) follow();
  }

  document.addEventListener("visibilitychange", onVisible);
  follow();
  return () => {
    document.removeEventListener("visibilitychange", onVisible);
    end.abort();
    stream?.abort();
  };
}

/** Ends a stream on which nothing is heard for too long. */
function watchSilence(stream) {
  let timer;
  const watch = {
    tooLong: false,
    heard() {
      clearTimeout(timer);
      timer = setTimeout(() => {
        watch.tooLong = true;
        stream.abort();
      }, SILENCE_MS);
    },
    stop: () => clearTimeout(timer),
  };
  watch.heard();
  return watch;
}
