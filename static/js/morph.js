// @ts-check
/**
 * Changes an element in place, keeping what belongs to the reader: focus, what is open, what was typed or chosen,
 * and everything marked `data-keep`.
 */
import { Idiomorph } from "../vendor/idiomorph-0.8.0.js";

/** Controls whose value the reader changed. @type {WeakSet<Element>} */
const touched = new WeakSet();

addEventListener("input", (event) => {
  const control = /** @type {HTMLInputElement} */ (event.target);
  touched.add(control);
  if (control.type !== "radio" || !control.form) return;
  const group = control.form.elements.namedItem(control.name);
  if (group instanceof RadioNodeList) group.forEach((radio) => touched.add(/** @type {Element} */ (radio)));
});

/** Attributes that scripts and readers set, and the server never does. */
const OURS = new Set(["role", "aria-selected", "aria-busy", "aria-haspopup", "tabindex"]);

/**
 * @param {Node} old
 * @param {Node} next
 */
function keep(old, next) {
  if (!(old instanceof Element)) return true;
  if (old.hasAttribute("data-keep")) return false;
  // Another one in its place: what was opened or closed was not this one.
  if (old instanceof HTMLDetailsElement && next instanceof HTMLDetailsElement && old.id !== next.id) {
    old.open = next.open;
  }
  if (!touched.has(old)) return true;
  // The tag and the options may change, what the reader chose stays if it is still offered.
  if (old instanceof HTMLSelectElement && next instanceof HTMLSelectElement) {
    if ([...next.options].some((option) => option.value === old.value)) {
      for (const option of next.options) option.toggleAttribute("selected", option.value === old.value);
    }
  } else if (old instanceof HTMLInputElement && next instanceof HTMLInputElement) {
    if (old.type === "radio") next.checked = old.checked;
    next.toggleAttribute("checked", old.checked);
    next.value = old.value;
  }
  return true;
}

/**
 * @param {string} id of the element
 * @param {string} html the element as it is now
 * @returns {boolean} whether there was such an element
 */
export function morph(id, html) {
  const old = document.getElementById(id);
  if (!old) return false;
  Idiomorph.morph(old, html, {
    morphStyle: "outerHTML",
    ignoreActiveValue: true,
    callbacks: {
      beforeNodeMorphed: keep,
      beforeNodeRemoved: (/** @type {Node} */ node) => !(node instanceof Element && node.hasAttribute("data-keep")),
      beforeAttributeUpdated: (/** @type {string} */ name, /** @type {Element} */ element, /** @type {string} */ how) =>
        !(name === "open" && element instanceof HTMLDetailsElement) && !(how === "remove" && OURS.has(name)),
    },
  });
  localise(document.getElementById(id) ?? old);
  return true;
}

/** Times of day in the reader's own zone. @param {ParentNode} root */
export function localise(root) {
  for (const time of root.querySelectorAll("time[datetime]")) {
    const at = new Date(time.getAttribute("datetime") ?? "");
    if (!Number.isNaN(at.valueOf())) time.textContent = at.toTimeString().slice(0, 8);
  }
}
