// @ts-check
/**
 * The console: sends a line, shows what comes of it as it comes, and keeps what was typed. Without this script the form
 * works, and the page shows what came of it.
 */
import { completing } from "./console-complete.js";
import { Log } from "./console-log.js";
import { problemBox } from "./notices.js";
import { select } from "./tabs.js";
import { say } from "./words.js";

/** @type {HTMLFormElement | null} */
let form = null;
/** @type {HTMLInputElement | null} */
let input = null;
/** @type {Log | null} */
let log = null;
/** What runs, newest last. @type {AbortController[]} */
const running = [];
/** What was typed, oldest first, and where the arrows are in it. @type {string[]} */
let typed = [];
let at = 0;
/** What stood in the line before the arrows. */
let draft = "";

export function listen() {
  form = document.querySelector("#console-line");
  input = document.querySelector("#console-input");
  const lines = /** @type {HTMLElement | null} */ (document.querySelector(".console-log"));
  if (!form || !input || !lines) return;
  log = new Log(lines);
  typed = [...lines.querySelectorAll(".entry")].map((entry) => entry.getAttribute("data-line") ?? "");
  at = typed.length;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void run();
  });
  completing(input);
  input.addEventListener("keydown", keys);
  addEventListener("click", (event) => {
    const target = /** @type {Element} */ (event.target);
    const what = target.closest?.("[data-console]")?.getAttribute("data-console");
    if (what === "stop") stop();
    if (what === "clear") void send("clear");
    const command = target.closest?.("[data-command]")?.getAttribute("data-command");
    if (command) put(command);
  });
}

/** @param {KeyboardEvent} event */
function keys(event) {
  if (!input || event.defaultPrevented) return;
  const control = event.ctrlKey && !event.altKey && !event.metaKey;
  if (event.key === "ArrowUp") browse(-1);
  else if (event.key === "ArrowDown") browse(1);
  else if (control && event.key === "l") void send("clear");
  // With something selected, Ctrl+C copies it.
  else if (control && event.key === "c" && input.selectionStart === input.selectionEnd && running.length) stop();
  else return;
  event.preventDefault();
}

/** @param {number} by */
function browse(by) {
  if (!input) return;
  if (at === typed.length) draft = input.value;
  at = Math.max(0, Math.min(typed.length, at + by));
  input.value = typed[at] ?? draft;
  input.setSelectionRange(input.value.length, input.value.length);
}

/** Puts a command of the lesson in the line; what is still to be chosen is selected. @param {string} command */
function put(command) {
  if (!input) return;
  select("panel-console");
  input.value = command;
  input.focus();
  const place = /<[^>]*>/.exec(command);
  if (place) input.setSelectionRange(place.index, place.index + place[0].length);
  input.scrollIntoView({ block: "nearest" });
}

function stop() {
  running.at(-1)?.abort();
  // The button goes with what it stopped.
  input?.focus();
}

async function run() {
  const line = input?.value.trim();
  if (!input || !line) return;
  if (typed.at(-1) !== line) typed.push(line);
  at = typed.length;
  draft = "";
  input.value = "";
  await send(line);
}

/** @param {string} line */
async function send(line) {
  if (!form || !log) return;
  const button = /** @type {HTMLElement | null} */ (document.querySelector('[data-console="stop"]'));
  const abort = new AbortController();
  running.push(abort);
  if (button) button.hidden = false;
  const entry = log.begin(line);
  try {
    const editor = /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#editor textarea"));
    const body = new URLSearchParams({ line });
    // Only what may be read is sent: -f -, in any of its spellings.
    if (/-.*f/.test(line)) body.set("document", editor?.value ?? "");
    const headers = { Accept: "application/json" };
    const response = await fetch(form.action, { method: "POST", body, headers, signal: abort.signal });
    if (!response.ok) {
      const problem = await response.json().catch(() => ({ title: `${response.status} ${response.statusText}` }));
      entry.refused(problemBox(problem));
    } else {
      for await (const told of objects(response)) entry.take(told);
    }
  } catch (error) {
    if (abort.signal.aborted) entry.stopped(say("stopped"));
    else entry.refused(problemBox({ title: say("unreachable") }));
  } finally {
    entry.over();
    running.splice(running.indexOf(abort), 1);
    if (button) button.hidden = running.length === 0;
  }
}

/** The objects of an NDJSON answer, as they come. @param {Response} response */
async function* objects(response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : (lines.pop() ?? "");
    for (const line of lines) if (line) yield JSON.parse(line);
    if (done) return;
  }
}
