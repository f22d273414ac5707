// Makes elements. Whatever is given is text, never markup: file names and messages stay what they
// are. The page's policy (Trusted Types) refuses every other way.

/**
 * Returns a new element.
 * @param {string} tag
 * @param {Object<string, string|boolean|number|Function>} properties attributes, and `on...`
 *     listeners; `false` and `null` leave an attribute out
 * @param {...(Node|string|null)} children
 */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, String(value));
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Returns a paragraph in which what stands between backticks is shown as something to type. */
export function prose(text, properties = {}) {
  const parts = text.split("`").map((part, at) => (at % 2 ? element("code", {}, part) : part));
  return element("p", properties, ...parts);
}

export function replaceChildren(parent, ...children) {
  parent.replaceChildren(...children.filter((child) => child !== null));
}

/** Changes a text only if it is another one, so that it is not read out again. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Returns a part of the view under a heading of its own. */
export function section(name, title, ...children) {
  const id = `${name}-title`;
  const heading = element("h2", { id }, title);
  return element("section", { id: name, "aria-labelledby": id }, heading, ...children);
}

/** Returns a table whose first column names its rows. */
export function table(caption, columns, rows) {
  const head = columns.map((column) => element("th", { scope: "col" }, column));
  const body = rows.map(([name, ...cells]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      ...cells.map((cell, at) => element("td", { "data-column": columns[at + 1] }, cell)),
    ),
  );
  return element(
    "table",
    {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...body),
  );
}
