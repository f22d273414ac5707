// Texts in the language of the visitor, and numbers as the plug-ins write them.

const TEXTS = new URL("texts.json", import.meta.url);
const NARROW_SPACE = "\u202f"; // between thousands: no language takes it for a decimal sign
let texts = {};
let language = "en";

/** Fetches the texts; without them the page is in English. */
export async function loadTexts() {
  try {
    const answer = await fetch(TEXTS);
    if (answer.ok) ({ language, texts } = await answer.json());
  } catch {
    // The page says itself that nothing answers.
  }
  language = language.replace("_", "-");
  document.documentElement.lang = language;
}

/** Returns a text in the visitor's language, with values in the place of each {} or {0}. */
export function _(text, ...values) {
  let next = 0;
  return (texts[text] || text).replace(/\{(\d*)\}/g, (_found, at) => values[at || next++]);
}

export function whole(number) {
  return Math.round(number).toString().replace(/\B(?=(\d{3})+$)/g, NARROW_SPACE);
}

export function decimal(number) {
  const [before, after] = number.toFixed(1).split(".");
  return _("{}.{}", whole(Number(before)), after);
}

export function size(bytes) {
  if (bytes >= 1e9) return `${decimal(bytes / 1e9)} GB`;
  if (bytes >= 1e6) return `${whole(bytes / 1e6)} MB`;
  if (bytes >= 1e3) return `${whole(bytes / 1e3)} kB`;
  return `${whole(bytes)} B`;
}

export function moment(seconds) {
  const style = { dateStyle: "medium", timeStyle: "short" };
  return new Intl.DateTimeFormat(language, style).format(new Date(1000 * seconds));
}
