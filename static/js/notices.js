// @ts-check
/** What is said to the reader: quiet toasts for what was done, problems beside what caused them. */
import { say } from "./words.js";

const TOAST_MS = 4000;

/** @param {string} words */
export function toast(words) {
  const toasts = document.getElementById("toasts");
  if (!toasts || !words) return;
  const note = document.createElement("p");
  note.className = "toast";
  note.textContent = words;
  // Shown anew each time, so that it stands above a sheet that was opened meanwhile.
  if (toasts.matches(":popover-open")) toasts.hidePopover();
  toasts.showPopover();
  toasts.replaceChildren(note);
  setTimeout(() => {
    note.remove();
    if (!toasts.childElementCount && toasts.matches(":popover-open")) toasts.hidePopover();
  }, TOAST_MS);
}

/**
 * @typedef {{status?: number, code?: string, title: string, detail?: string, cure?: string | null, line?: number | null}} Problem
 */

/** Sets a problem after an element, in place of an older one. @param {Element} where @param {Problem} problem */
export function problemAfter(where, problem) {
  clearAfter(where);
  const box = problemBox(problem);
  box.setAttribute("data-keep", "");
  box.append(dismissal(box));
  where.after(box);
  box.scrollIntoView({ block: "nearest" });
}

/** @param {Element} where */
export function clearAfter(where) {
  const next = where.nextElementSibling;
  if (next?.matches(".problem[data-keep]")) next.remove();
}

/** @param {Problem} problem */
export function problemBox(problem) {
  const box = make("div", "problem");
  box.setAttribute("role", "alert");
  const line = problem.line ? ` · ${say("line", { n: problem.line })}` : "";
  box.append(make("p", "problem-title", problem.title + line));
  if (problem.detail) box.append(make("pre", "", problem.detail));
  if (problem.cure) {
    const cure = make("p", "cure");
    cure.append(make("strong", "", `${say("cure")}: `), problem.cure);
    box.append(cure);
  }
  return box;
}

/** @param {Element} box */
function dismissal(box) {
  const button = make("button", "quiet", say("close"));
  button.setAttribute("type", "button");
  button.addEventListener("click", () => box.remove());
  return button;
}

/** @param {string} tag @param {string} className @param {string} [words] */
function make(tag, className, words) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (words !== undefined) element.textContent = words;
  return element;
}

/** A question in a small dialog, before something is lost. @param {string} words @param {string} yes @returns {Promise<boolean>} */
export function ask(words, yes) {
  const dialog = /** @type {HTMLDialogElement} */ (make("dialog", "sheet ask asking"));
  const form = /** @type {HTMLFormElement} */ (make("form", "row"));
  form.method = "dialog";
  const agree = /** @type {HTMLButtonElement} */ (make("button", "danger", yes));
  agree.value = "yes";
  const cancel = /** @type {HTMLButtonElement} */ (make("button", "quiet", say("cancel")));
  cancel.value = "";
  cancel.autofocus = true;
  form.append(agree, cancel);
  dialog.append(make("p", "", words), form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
