// The computer, the last errors, and the versions: facts in lists.

import { element, replaceChildren, section, setText } from "./elements.js";
import { _, moment, size } from "./texts.js";

/** Returns a list of names and values, which `show` fills. */
function facts(names) {
  const values = names.map(() => element("dd"));
  const pairs = names.map((name, at) => element("div", {}, element("dt", {}, name), values[at]));
  return {
    node: element("dl", {}, ...pairs),
    show: (texts) => texts.forEach((text, at) => setText(values[at], text)),
  };
}

export function computerPart() {
  const list = facts([
    _("Device"),
    _("Free memory"),
    _("Memory of Lacuna"),
    _("Memory of the fills"),
    _("Pixels kept for fills"),
  ]);
  return {
    node: section("computer", _("This computer"), list.node),
    show(state) {
      const filling = state.worker_memory_bytes;
      list.show([
        state.device || _("Known after the first fill"),
        state.free_memory_bytes === null ? _("Unknown") : size(state.free_memory_bytes),
        state.memory_bytes === null ? _("Unknown") : size(state.memory_bytes),
        filling === null ? _("None is held") : size(filling),
        _("{} of {}", size(state.spool_bytes), size(state.limits.spool_bytes)),
      ]);
    },
  };
}

export function errorsPart() {
  const list = element("ol", { class: "errors" });
  const empty = element("p", {}, _("No fill has failed since Lacuna was started."));
  let shown = "";
  return {
    node: section("errors", _("Last errors"), empty, list),
    show({ errors }) {
      const now = JSON.stringify(errors);
      if (now === shown) return;
      shown = now;
      const rows = errors.map((error) =>
        element(
          "li",
          {},
          element("span", {}, error.text),
          element("span", { class: "quiet" }, `${moment(error.at)}, ${error.code}`),
        ),
      );
      replaceChildren(list, ...rows.reverse());
      empty.hidden = errors.length > 0;
      list.hidden = !empty.hidden;
    },
  };
}

export function versionsPart() {
  const list = facts([_("Lacuna"), _("Protocol"), _("Python"), _("Process"), _("Running since")]);
  return {
    node: section("versions", _("Versions"), list.node),
    show(state) {
      const numbers = [state.version, state.protocol, state.python, state.pid].map(String);
      list.show([...numbers, moment(state.begun_at)]);
    },
  };
}
