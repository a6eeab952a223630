// @ts-check
/** Marks in the picture what a command has just changed, as soon as it is there. */

const LIT_MS = 4000;

/** Selectors of what is lit. @type {Set<string>} */
const lit = new Set();

/** @param {{resource: string, name: string}[]} changed */
export function light(changed) {
  for (const { resource, name } of changed) {
    const attribute = { services: "service", pods: "pod" }[resource];
    if (!attribute) continue;
    const selector = `[data-${attribute}="${CSS.escape(name)}"]`;
    lit.add(selector);
    setTimeout(() => {
      lit.delete(selector);
      for (const element of document.querySelectorAll(selector)) element.classList.remove("lit");
    }, LIT_MS);
  }
  again();
}

/** The picture was drawn anew. */
export function again() {
  for (const selector of lit) {
    for (const element of document.querySelectorAll(`.object${selector}`)) element.classList.add("lit");
  }
}
