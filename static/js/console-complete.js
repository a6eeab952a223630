// @ts-check
/** Completion of the console's line: asked of the server, which knows the cluster; offered in a list. */

import { say } from "./words.js";

/** @typedef {{from: number, to: number, candidates: {text: string, kind: string}[]}} Completion */

/** @param {HTMLInputElement} input */
export function completing(input) {
  const url = document.querySelector("[data-complete]")?.getAttribute("data-complete");
  if (!url) return;
  const list = document.createElement("ul");
  list.id = "completions";
  list.className = "completions";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", say("completions"));
  list.hidden = true;
  input.after(list);
  for (const [name, value] of [
    ["role", "combobox"],
    ["aria-autocomplete", "list"],
    ["aria-expanded", "false"],
    ["aria-controls", list.id],
  ]) input.setAttribute(name, value);

  /** @type {Completion | null} */
  let offered = null;
  let chosen = 0;
  let tabLeaves = false;

  const close = () => {
    offered = null;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  /** @param {number} to */
  const choose = (to) => {
    if (!offered) return;
    chosen = (to + offered.candidates.length) % offered.candidates.length;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === chosen)));
    list.children[chosen].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", list.children[chosen].id);
  };
  /** @param {Completion} completion @param {string} text @param {boolean} whole */
  const write = ({ from, to }, text, whole) => {
    const letters = [...input.value];
    const after = letters.slice(to).join("");
    const space = whole && !after.startsWith(" ") && !text.endsWith("=") && !text.endsWith("/") ? " " : "";
    input.value = letters.slice(0, from).join("") + text + space + after;
    const end = letters.slice(0, from).join("").length + text.length + space.length;
    input.setSelectionRange(end, end);
  };
  const take = () => {
    if (offered) write(offered, offered.candidates[chosen].text, true);
    close();
  };
  const open = async () => {
    const line = input.value;
    const before = line.slice(0, input.selectionStart ?? line.length);
    const query = new URLSearchParams({ line, cursor: String([...before].length) });
    const answer = await fetch(`${url}?${query}`, { headers: { Accept: "application/json" } }).catch(() => null);
    if (!answer?.ok || input.value !== line || document.activeElement !== input) return;
    const found = /** @type {Completion} */ (await answer.json());
    if (found.candidates.length === 0) return;
    if (found.candidates.length === 1) return write(found, found.candidates[0].text, true);
    const shared = common(found.candidates.map((c) => c.text));
    if (shared.length > found.to - found.from) {
      write(found, shared, false);
      found.to = found.from + [...shared].length;
    }
    offered = found;
    list.replaceChildren(...found.candidates.map(item));
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    choose(0);
  };

  input.addEventListener("keydown", (event) => {
    if (event.key === "Tab" && !event.shiftKey && !tabLeaves && input.value.trim()) {
      event.preventDefault();
      if (offered) take();
      else void open();
    } else if (event.key === "Escape") {
      tabLeaves = true;
      close();
    } else if (offered && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (offered && event.key === "Enter") {
      event.preventDefault();
      take();
    } else if (event.key !== "Shift") {
      tabLeaves = false;
    }
  });
  input.addEventListener("input", close);
  input.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const at = [...list.children].indexOf(/** @type {Element} */ (/** @type {Element} */ (event.target).closest("li")));
    if (at < 0) return;
    choose(at);
    take();
  });
}

/** @param {{text: string, kind: string}} candidate @param {number} i */
function item(candidate, i) {
  const element = document.createElement("li");
  element.id = `completion-${i}`;
  element.setAttribute("role", "option");
  const text = document.createElement("span");
  text.textContent = candidate.text;
  element.append(text);
  return element;
}

/** What all begin with. @param {string[]} texts */
function common(texts) {
  let shared = texts[0];
  for (const text of texts) while (!text.startsWith(shared)) shared = shared.slice(0, -1);
  return shared;
}
