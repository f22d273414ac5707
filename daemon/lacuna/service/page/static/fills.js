// What is being filled and what waits, with its progress.

import { element, replaceChildren, section, setText } from "./elements.js";
import { _, whole } from "./texts.js";

export function fillsPart() {
  const empty = element(
    "p",
    {},
    _("Nothing is being filled. Fills that an editor or a terminal asks for appear here."),
  );
  const list = element("ol", { class: "fills" });
  const rows = new Map();

  function show({ jobs }) {
    for (const id of rows.keys()) {
      if (!jobs.some((job) => job.id === id)) rows.delete(id);
    }
    for (const job of jobs) {
      if (!rows.has(job.id)) rows.set(job.id, fillRow(job));
      rows.get(job.id).show(job);
    }
    const nodes = jobs.map((job) => rows.get(job.id).node);
    if (nodes.length !== list.children.length || nodes.some((n, at) => n !== list.children[at])) {
      replaceChildren(list, ...nodes);
    }
    empty.hidden = jobs.length > 0;
    list.hidden = !empty.hidden;
  }

  return { node: section("fills", _("Fills"), empty, list), show };
}

function fillRow(job) {
  const name = _(
    "{} x {} px in a picture of {} x {} px",
    whole(job.width),
    whole(job.height),
    whole(job.image_width),
    whole(job.image_height),
  );
  const text = element("span", { class: "quiet" });
  const percent = element("span", { class: "number" });
  const bar = element("progress", { max: 100, "aria-label": name });
  const node = element(
    "li",
    {},
    element("span", { class: "name" }, name),
    percent,
    bar,
    text,
  );
  return {
    node,
    show(now) {
      setText(text, now.text);
      setText(percent, `${Math.floor(now.percent)} %`);
      bar.value = now.percent;
    },
  };
}
