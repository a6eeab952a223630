// @ts-check
/** How the page is looked at: light or dark, and presentation mode (key p). */

const root = document.documentElement;

export function listen() {
  addEventListener("click", (event) => {
    const what = /** @type {Element} */ (event.target).closest?.("[data-do]")?.getAttribute("data-do");
    if (what === "scheme") changeScheme();
    if (what === "present") present(!("present" in root.dataset));
  });
  addEventListener("keydown", (event) => {
    const typing = /** @type {Element} */ (event.target).matches?.("input, textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "p" && document.querySelector('[data-do="present"]')) present(!("present" in root.dataset));
    if (event.key === "Escape" && !document.querySelector(".sheet:popover-open, dialog[open]")) present(false);
  });
}

function changeScheme() {
  const dark = root.dataset.scheme ? root.dataset.scheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.scheme = dark ? "light" : "dark";
  try {
    localStorage.setItem("scheme", root.dataset.scheme);
  } catch {
    // Storage may be forbidden; then the choice lasts as long as the page.
  }
}

/** @param {boolean} on */
function present(on) {
  if (on) root.dataset.present = "";
  else delete root.dataset.present;
  document.querySelector('[data-do="present"]')?.setAttribute("aria-pressed", String(on));
}
