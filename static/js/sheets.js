// @ts-check
/** The objects of the picture open their sheets; a sheet loads its YAML when asked; commands are copied. */
import { toast } from "./notices.js";
import { say } from "./words.js";

export function listen() {
  addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const object = target.closest?.("[data-sheet]");
    const yaml = target.closest?.("[data-yaml]");
    const copy = target.closest?.("[data-copy]");
    if (object && open(object.getAttribute("data-sheet") ?? "")) event.preventDefault();
    else if (yaml instanceof HTMLAnchorElement && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      void load(yaml);
    } else if (copy) void copyOf(copy);
  });
  // A link of the picture acts like a button: the space bar opens it too.
  addEventListener("keydown", (event) => {
    const object = /** @type {Element} */ (event.target).closest?.("[data-sheet]");
    if (event.key !== " " || !object) return;
    event.preventDefault();
    open(object.getAttribute("data-sheet") ?? "");
  });
}

/** @param {string} id */
function open(id) {
  const sheet = document.getElementById(id);
  if (!sheet) return false;
  if (!sheet.matches(":popover-open")) sheet.showPopover();
  return true;
}

/** @param {HTMLAnchorElement} link */
async function load(link) {
  const place = link.closest(".sheet")?.querySelector(".yaml");
  if (!(place instanceof HTMLElement)) return;
  place.hidden = false;
  place.textContent = say("loading");
  try {
    const response = await fetch(link.href, { headers: { Accept: "text/plain" } });
    place.textContent = await response.text();
  } catch {
    place.textContent = say("unreachable");
  }
  place.scrollIntoView({ block: "nearest" });
}

/** @param {Element} button */
async function copyOf(button) {
  const text = button.parentElement?.querySelector("code")?.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
    toast(say("copied"));
  } catch {
    toast(say("copyFailed"));
  }
}
