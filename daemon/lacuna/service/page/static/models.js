// What can fill, which of it is taken by itself, and the download of what is not there.

import { element, prose, replaceChildren, section, setText } from "./elements.js";
import { _, size } from "./texts.js";

export function modelsPart(visit) {
  const list = element("ul", { class: "models" });
  const text = element("p", { role: "status" });
  const bar = element("progress", { max: 1 });
  const sentence = element("div");
  const button = element("button", { type: "button", onclick: press });
  const fetching = element("div", { class: "fetching" }, text, bar, sentence, button);
  let fetch = null;
  let shown = "";
  let busy = false;

  async function press() {
    const path = fetch.state === "running" ? "fetch/cancel" : "fetch";
    busy = true;
    button.disabled = true;
    try {
      showFetch(await visit.call(path));
    } catch (error) {
      replaceChildren(sentence, prose(error.message, { role: "alert" }));
    }
    busy = false;
    button.disabled = false;
  }

  function showFetch(now) {
    const before = fetch;
    fetch = now;
    const running = now.state === "running";
    fetching.hidden = !running && now.offered.length === 0 && now.state !== "failed";
    bar.hidden = !running;
    if (running && now.total) bar.value = now.bytes / now.total;
    else bar.removeAttribute("value");
    const name = now.name || now.offered[0] || "";
    bar.setAttribute("aria-label", _("Download of {}", name));
    setText(text, fetchText(now, name));
    setText(button, running ? _("Cancel") : _("Download {}", name));
    if (!busy) button.disabled = false;
    if (!before || before.state !== now.state) {
      const failed = now.state === "failed";
      replaceChildren(sentence, failed ? prose(now.message, { lang: "en", role: "alert" }) : null);
    }
  }

  function show(state) {
    const names = JSON.stringify(state.weights);
    if (names !== shown) {
      shown = names;
      const rows = state.weights.map((name, at) =>
        element(
          "li",
          {},
          element("span", { class: "name" }, name),
          at === 0 ? element("span", { class: "mark" }, _("taken by itself")) : null,
          name === "patches" ? element("span", { class: "quiet" }, _("copies from the picture")) : null,
        ),
      );
      replaceChildren(list, ...rows);
    }
    showFetch(state.fetch);
  }

  return { node: section("models", _("What fills"), list, fetching), show };
}

function fetchText(now, name) {
  if (now.state === "running") {
    if (!now.total) return _("Beginning to download {}", name);
    if (now.bytes >= now.total) return _("{} is here and is being checked and installed", name);
    return _("{}: {} of {}", name, size(now.bytes), size(now.total));
  }
  if (now.state === "failed") return _("{} was not downloaded.", name);
  if (now.state === "cancelled") {
    return _("The download of {} was cancelled. Another one goes on from there.", name);
  }
  return now.offered.length ? _("{} can be downloaded: a model that paints by itself.", name) : "";
}
