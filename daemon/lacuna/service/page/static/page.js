// Begins the page: takes the code out of the address, signs in, and shows the view.

import { element, prose, replaceChildren } from "./elements.js";
import { SignedOut, Visit } from "./visit.js";
import { showState } from "./state.js";
import { loadTexts, _ } from "./texts.js";

const view = document.getElementById("view");
const connection = document.getElementById("connection");
let leave = () => {};

/** The code of the address; from now on neither the address bar nor the history has it. */
function takeCode() {
  const code = location.hash.slice(1);
  if (code) history.replaceState(null, "", location.pathname);
  return code;
}

async function begin() {
  const code = takeCode();
  leave();
  await loadTexts();
  connection.textContent = _("Signing in");
  try {
    const visit = await Visit.begin(code);
    leave = showState(visit, { view, connection, onSignedOut: refuse });
  } catch (error) {
    refuse(error);
  }
}

/** Says why nothing is shown, and what to do. */
function refuse(error) {
  leave();
  leave = () => {};
  connection.textContent = error instanceof SignedOut ? _("Not signed in") : _("No connection");
  replaceChildren(view, element("div", { class: "notice", role: "alert" }, prose(error.message)));
}

addEventListener("hashchange", () => location.hash && begin());
begin();
