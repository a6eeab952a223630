// @ts-check
/** The YAML editor: numbered lines, Tab that indents (Escape first, and it leaves), Ctrl+Enter that applies. */
import { problemBox } from "./notices.js";
import { select } from "./tabs.js";

const INDENT = "  ";

/** @type {HTMLTextAreaElement | null} */
let area = null;
/** @type {HTMLElement | null} */
let code = null;

export function edit() {
  area = document.querySelector("#editor textarea");
  code = document.querySelector("#editor .code");
  if (!area || !code) return;
  let tabLeaves = false;
  area.addEventListener("input", () => {
    mark(undefined);
    number();
  });
  area.addEventListener("scroll", scroll);
  area.addEventListener("focus", () => (tabLeaves = false));
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      area?.form?.requestSubmit();
    } else if (event.key === "Escape") tabLeaves = true;
    else if (event.key === "Tab" && !tabLeaves) {
      event.preventDefault();
      indent(event.shiftKey);
    } else if (event.key === "Enter") {
      event.preventDefault();
      newLine();
    } else if (event.key !== "Shift") tabLeaves = false;
  });
  addEventListener("click", (event) => {
    const link = /** @type {Element} */ (event.target).closest?.("[data-edit]");
    if (!link) return;
    event.preventDefault();
    put(link.getAttribute("data-edit") ?? "");
  });
  new ResizeObserver(scroll).observe(area);
  number();
}

/** Puts a document of the lab in. Undo brings back what stood there. @param {string} file */
function put(file) {
  const source = [...document.querySelectorAll("[data-document]")].find((d) => d.getAttribute("data-document") === file);
  if (!source || !area) return;
  select("panel-yaml");
  area.focus();
  area.select();
  insert(source.textContent ?? "");
  area.setSelectionRange(0, 0);
  area.scrollTop = 0;
  area.scrollIntoView({ block: "nearest" });
  accepted();
}

/** Types text over the selection, so that undo knows of it. @param {string} text */
function insert(text) {
  if (!area) return;
  if (!document.execCommand("insertText", false, text)) {
    area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
    area.dispatchEvent(new Event("input"));
  }
}

/** @param {boolean} less */
function indent(less) {
  if (!area) return;
  const { value, selectionStart: from, selectionEnd: to } = area;
  if (from === to && !less) return insert(INDENT);
  const start = value.lastIndexOf("\n", from - 1) + 1;
  const lines = value.slice(start, to).split("\n");
  const moved = lines.map((line) => (less ? line.replace(/^ {1,2}/, "") : line && INDENT + line)).join("\n");
  area.setSelectionRange(start, to);
  insert(moved);
  if (from !== to) area.setSelectionRange(start, start + moved.length);
}

/** A new line begins where the last one did. */
function newLine() {
  if (!area) return;
  const line = area.value.slice(area.value.lastIndexOf("\n", area.selectionStart - 1) + 1, area.selectionStart);
  const lead = /^ */.exec(line)?.[0] ?? "";
  insert(`\n${lead}${/:\s*$/.test(line) ? INDENT : ""}`);
}

function number() {
  const gutter = code?.querySelector(".gutter");
  if (!gutter || !area) return;
  const lines = Math.max(area.value.split("\n").length, 1);
  while (gutter.children.length > lines) gutter.lastElementChild?.remove();
  while (gutter.children.length < lines) {
    const item = document.createElement("li");
    item.textContent = String(gutter.children.length + 1);
    gutter.append(item);
  }
  const wrong = Number(code?.dataset.line);
  [...gutter.children].forEach((item, i) => item.classList.toggle("wrong", i + 1 === wrong));
  scroll();
}

/** The gutter is as tall as the text area and stands where it stands. */
function scroll() {
  const gutter = /** @type {HTMLElement | null} */ (code?.querySelector(".gutter") ?? null);
  if (!gutter || !area) return;
  gutter.style.maxHeight = `${area.offsetHeight}px`;
  gutter.scrollTop = area.scrollTop;
  const wrong = Number(code?.dataset.line);
  const band = /** @type {HTMLElement | null} */ (code?.querySelector(".line-mark") ?? null);
  if (!band) return;
  const style = getComputedStyle(area);
  const top = Number.parseFloat(style.paddingTop) + (wrong - 1) * Number.parseFloat(style.lineHeight) - area.scrollTop;
  band.hidden = !wrong || top < 0 || top > area.clientHeight;
  band.style.top = `${top}px`;
}

/** @param {number | null | undefined} line */
function mark(line) {
  if (!code) return;
  if (line) code.dataset.line = String(line);
  else delete code.dataset.line;
  code.classList.toggle("wrong", !!line);
}

/** What was applied was accepted: nothing is wrong any more. */
export function accepted() {
  mark(undefined);
  number();
  document.getElementById("editor-problem")?.replaceChildren();
}

/** The cluster refused it: its own words, and the line they are about. @param {import("./notices.js").Problem} problem */
export function refused(problem) {
  mark(problem.line);
  const words = code?.querySelector(".line-mark span");
  if (words) words.textContent = problem.detail ?? problem.title;
  number();
  document.getElementById("editor-problem")?.replaceChildren(problemBox(problem));
  if (!problem.line || !area) return;
  const before = area.value.split("\n").slice(0, problem.line - 1).join("\n").length;
  area.focus();
  area.setSelectionRange(before + (problem.line > 1 ? 1 : 0), before + (problem.line > 1 ? 1 : 0));
  const height = Number.parseFloat(getComputedStyle(area).lineHeight);
  area.scrollTop = Math.max(0, (problem.line - 4) * height);
}
