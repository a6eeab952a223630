// @ts-check
/** The panels as tabs. Without this script they follow one another, and the links lead to them. */

/** @returns {HTMLAnchorElement[]} */
const tabs = () => [...document.querySelectorAll(/** @type {"a"} */ (".tabs a"))];

/** @param {HTMLAnchorElement} tab */
const panelOf = (tab) => document.getElementById(tab.hash.slice(1));

export function tabify() {
  const nav = document.querySelector(".tabs");
  if (!nav) return;
  nav.setAttribute("role", "tablist");
  for (const tab of tabs()) {
    tab.setAttribute("role", "tab");
    tab.id = `tab-${tab.hash.slice(1)}`;
    tab.setAttribute("aria-controls", tab.hash.slice(1));
    const panel = panelOf(tab);
    panel?.setAttribute("role", "tabpanel");
    panel?.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", (event) => {
      event.preventDefault();
      select(tab.hash.slice(1));
    });
  }
  nav.addEventListener("keydown", (event) => arrows(/** @type {KeyboardEvent} */ (event)));
  const wanted = location.hash.slice(1);
  select(tabs().some((tab) => tab.hash.slice(1) === wanted) ? wanted : tabs()[0].hash.slice(1));
}

/** @param {string} id of the panel */
export function select(id) {
  for (const tab of tabs()) {
    const chosen = tab.hash.slice(1) === id;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    const panel = panelOf(tab);
    if (panel) panel.hidden = !chosen;
  }
}

/** @param {KeyboardEvent} event */
function arrows(event) {
  const all = tabs();
  const at = all.indexOf(/** @type {HTMLAnchorElement} */ (document.activeElement));
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  const next = all[(to + all.length) % all.length];
  next.focus();
  select(next.hash.slice(1));
}
