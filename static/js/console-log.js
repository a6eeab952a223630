// @ts-check
/** What the console shows: each line with what came of it, coloured where it is YAML, JSON or a table. */
import { light } from "./lit.js";
import { localise } from "./morph.js";

/** The most of an output that is coloured, in characters: beyond, it stays plain. */
const COLOURED = 60_000;

export class Log {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    for (const entry of element.querySelectorAll(".entry")) colour(entry);
    element.scrollTop = element.scrollHeight;
  }

  /** A line begins. @param {string} line */
  begin(line) {
    return new Entry(this, line);
  }

  /** Keeps the end in sight, unless the reader looks further up. @param {() => void} change */
  grow(change) {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const follows = scrollHeight - scrollTop - clientHeight < 40;
    change();
    if (follows) this.element.scrollTop = this.element.scrollHeight;
  }

  empty() {
    for (const entry of this.element.querySelectorAll(".entry:not(.running)")) entry.remove();
  }
}

class Entry {
  /**
   * @param {Log} log
   * @param {string} line
   */
  constructor(log, line) {
    this.log = log;
    this.element = document.createElement("article");
    this.element.className = "entry running";
    this.element.dataset.line = line;
    const typed = document.createElement("p");
    typed.className = "typed";
    const prompt = document.createElement("span");
    prompt.className = "prompt";
    prompt.textContent = "$";
    prompt.setAttribute("aria-hidden", "true");
    const code = document.createElement("code");
    code.textContent = line;
    this.where = document.createElement("span");
    this.where.className = "where";
    typed.append(prompt, code, this.where);
    this.element.append(typed);
    log.grow(() => log.element.append(this.element));
    log.element.scrollTop = log.element.scrollHeight;
  }

  /** @param {any} told */
  take(told) {
    if (told.is === "cleared") {
      this.element.remove();
      this.log.empty();
    } else if (told.is === "began") {
      this.where.textContent = told.where;
    } else if (told.is === "wrote") {
      this.log.grow(() => this.wrote(told.channel, told.text));
    } else if (told.is === "ended") {
      light(told.changed);
    } else if (told.is === "shown") {
      this.log.grow(() => this.shown(told.html));
    }
  }

  /** @param {"out" | "err"} channel @param {string} text */
  wrote(channel, text) {
    let last = this.element.lastElementChild;
    if (!(last instanceof HTMLPreElement && last.className === channel)) {
      last = document.createElement("pre");
      last.className = channel;
      this.element.append(last);
    }
    last.append(text);
  }

  /** The whole of it, as the server has it. @param {string} html */
  shown(html) {
    const made = new DOMParser().parseFromString(html, "text/html").querySelector(".entry");
    if (!made) return;
    // A screen reader has heard the line and its output already.
    for (const heard of made.querySelectorAll(".typed, pre")) heard.setAttribute("aria-live", "off");
    this.element.replaceWith(made);
    localise(made);
    colour(made);
  }

  /** Nothing more comes, though the whole of it may not have. */
  over() {
    this.element.classList.remove("running");
  }

  /** @param {Element} problem */
  refused(problem) {
    this.element.classList.replace("running", "failed");
    this.log.grow(() => this.element.append(problem));
  }

  /** @param {string} words */
  stopped(words) {
    const end = document.createElement("p");
    end.className = "end";
    end.textContent = words;
    this.log.grow(() => this.element.append(end));
  }
}

/** @param {Element} entry */
function colour(entry) {
  for (const out of entry.querySelectorAll("pre.out")) {
    const text = out.textContent ?? "";
    if (text.length > COLOURED) continue;
    const lines = text.split(/(?<=\n)/);
    if (/^(apiVersion:|\{)/.test(text)) out.replaceChildren(...lines.flatMap(yaml));
    else if (/^[A-Z][A-Z0-9()-]+( {2,}[A-Z]|\s*\n)/.test(lines[0])) {
      out.replaceChildren(piece("head", lines[0]), lines.slice(1).join(""));
    }
  }
}

/** One line of YAML or JSON: its key, and a value that is text or a literal. @param {string} line */
function yaml(line) {
  const found = /^(\s*(?:- )*)("?[\w./-]+"?)(:)(?= |\n|$)(.*)$/s.exec(line);
  if (!found) return [line];
  const [, lead, key, colon, value] = found;
  const literal = /^\s*(true|false|null|-?\d+(\.\d+)?),?\s*$/.test(value);
  return [lead, piece("key", key), colon, piece(literal ? "literal" : "string", value)];
}

/** @param {string} className @param {string} text */
function piece(className, text) {
  const span = document.createElement("span");
  span.className = className;
  span.textContent = text;
  return span;
}
