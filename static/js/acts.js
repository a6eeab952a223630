// @ts-check
/** Forms that act on the cluster: sent in the background, answered in place. Without this script they just work. */
import { refused, accepted } from "./editor.js";
import { select } from "./tabs.js";
import { ask, clearAfter, problemAfter, toast } from "./notices.js";
import { say } from "./words.js";

/** @typedef {import("./notices.js").Problem} Problem */

export function listen() {
  addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!isAct(form)) return;
    event.preventDefault();
    void submit(form, event.submitter);
  });
  // While a load runs, its controls act at once.
  addEventListener("change", (event) => {
    const form = /** @type {HTMLInputElement} */ (event.target).form;
    if (form?.id === "load" && "running" in form.dataset) form.requestSubmit();
  });
}

/** @param {HTMLFormElement} form */
const isAct = (form) => form.method === "post" && new URL(form.action).pathname.includes("/act/");

/**
 * @param {HTMLFormElement} form
 * @param {HTMLElement | null} button
 */
async function submit(form, button) {
  const popover = form.closest("[popover]");
  const question = form.dataset.ask;
  if (question && !(await ask(question, button?.textContent ?? ""))) return;
  if (form.hasAttribute("aria-busy")) return;
  form.setAttribute("aria-busy", "true");
  button?.setAttribute("aria-busy", "true");
  clearAfter(form);
  try {
    const said = await send(form);
    if (popover instanceof HTMLElement) popover.hidePopover();
    if (form.id === "editor") accepted();
    // What the act found out is shown in a panel.
    if (form.dataset.then) select(form.dataset.then);
    toast(said);
  } catch (problem) {
    const what = /** @type {Problem} */ (problem);
    if (form.id === "editor") refused(what);
    else problemAfter(form, what);
  } finally {
    form.removeAttribute("aria-busy");
    button?.removeAttribute("aria-busy");
  }
}

/**
 * Sends a form. What the server refuses, and that it does not answer, is thrown as a problem.
 * @param {HTMLFormElement} form
 * @returns {Promise<string>} what the server said
 */
async function send(form) {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.append(name, value);
  /** @type {Response} */
  let response;
  try {
    response = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" } });
  } catch {
    throw { title: say("unreachable") };
  }
  const answer = await response.json().catch(() => ({ title: `${response.status} ${response.statusText}` }));
  if (!response.ok) throw answer;
  return answer.said ?? "";
}
