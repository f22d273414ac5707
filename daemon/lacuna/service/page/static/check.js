// The table of `lacuna doctor`, made when a button is pressed.

import { element, prose, replaceChildren, section, table } from "./elements.js";
import { _ } from "./texts.js";

export function checkPart(visit) {
  const result = element("div", { "aria-live": "polite" });
  const button = element("button", { type: "button", onclick: examine }, _("Examine"));
  const about = prose(
    _("Looks at everything that Lacuna needs, as `lacuna doctor` does, and makes a small fill."),
  );

  async function examine() {
    button.disabled = true;
    replaceChildren(result, element("p", {}, _("Examining: this can take a minute")));
    try {
      const { ok, checks } = await visit.call("doctor");
      const words = { ok: _("Fine"), note: _("Note"), broken: _("Broken") };
      const columns = [_("What"), _("State"), _("Found"), _("Remedy")];
      const rows = checks.map(({ name, state, found, mend }) => [
        element("span", { lang: "en" }, name),
        element("span", { class: `mark ${state}` }, words[state] || state),
        element("span", { lang: "en" }, found),
        mend ? element("code", {}, mend) : "",
      ]);
      replaceChildren(
        result,
        element("p", {}, ok ? _("Nothing is broken.") : _("Something is broken.")),
        table(_("What was found"), columns, rows),
      );
    } catch (error) {
      replaceChildren(result, prose(error.message, { role: "alert" }));
    }
    button.disabled = false;
  }

  return { node: section("check", _("Examination"), about, button, result), show() {} };
}
