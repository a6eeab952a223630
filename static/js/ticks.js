// @ts-check
/** The numbers of the running load, written into picture, table and traffic. */
import { count, latency, pValue, percent, say } from "./words.js";

/**
 * @typedef {{pod: string, answered: number, share: number, band: [number, number] | null}} PodTick
 * @typedef {{to: string, pod: string | null, error: string | null}} Hop
 * @typedef {{pod: string | null, error: string | null, latencyUs: number, localPort: number | null, hops?: Hop[]}} Sample
 * @typedef {{running: boolean, target: {kind: string, name: string, host: string, port: number},
 *   connections: {mode: string}, ratePerSecond: number, answered: number, failed: number,
 *   errors: Record<string, number>, latency: {p50Us: number, p99Us: number}, pods: PodTick[],
 *   evenness: {p: number, verdict: string} | null, samples: Sample[]}} Tick
 */

/** In a pod's own coordinates: where its bar begins, and its length for a share of 1. */
const BAR = { x: 20, width: 208, top: 78, bottom: 100 };

/** @type {Tick | undefined} */
let last;
let failedBefore = 0;

/** @param {Tick | null} tick nothing, when what was counted no longer counts */
export function show(tick) {
  failedBefore = tick ? (last?.failed ?? 0) : 0;
  last = tick ?? undefined;
  if (tick) write(tick);
}

/** After a fragment was changed: it may have been written before the last tick. @param {string} id */
export function again(id) {
  if (last && ["picture", "table", "traffic"].includes(id)) write(last);
}

/** @param {Tick} tick */
function write(tick) {
  for (const pod of tick.pods) writePod(pod);
  for (const pod of unnamed(tick)) writePod({ pod, answered: 0, share: 0, band: null });
  const rate = tick.running ? say("perSecond", { n: tick.ratePerSecond }) : say("idle");
  each("[data-rate]", "", (element) => text(element, rate));
  number("answered", count(tick.answered));
  number("failed", count(tick.failed));
  number("p50", latency(tick.latency.p50Us));
  number("p99", latency(tick.latency.p99Us));
  number("target", say(tick.running ? "running" : "ended", { host: tick.target.host, port: tick.target.port }));
  writeErrors(tick.errors);
  writeSentence(tick);
}

/** Pods in the picture that the tick does not name: they have no part of what is counted now. @param {Tick} tick */
function unnamed(tick) {
  const named = new Set(tick.pods.map((p) => p.pod));
  const shown = Array.from(document.querySelectorAll("[data-count]"), (e) => e.getAttribute("data-count") ?? "");
  return new Set(shown.filter((pod) => pod && !named.has(pod)));
}

/** @param {PodTick} pod */
function writePod(pod) {
  const length = String(Math.round(pod.share * BAR.width * 10) / 10);
  each("[data-bar]", pod.pod, (bar) => bar.setAttribute("width", length));
  each("[data-count]", pod.pod, (element) => text(element, count(pod.answered)));
  each("[data-share]", pod.pod, (element) => text(element, percent(pod.share)));
  const range = pod.band ? `${percent(pod.band[0])} – ${percent(pod.band[1])}` : "–";
  each("[data-range]", pod.pod, (element) => text(element, range));
  const [low, high] = (pod.band ?? [0, 0]).map((share) => (BAR.x + share * BAR.width).toFixed(1));
  const band = `M${low} ${BAR.top} H${high} V${BAR.bottom} H${low} Z`;
  each("[data-band]", pod.pod, (path) => path.setAttribute("d", pod.band ? band : ""));
}

/** @param {Record<string, number>} errors */
function writeErrors(errors) {
  const place = document.querySelector('[data-n="errors"]');
  if (!place) return;
  const some = Object.entries(errors).filter(([, n]) => n > 0);
  const now = some.map(([kind, n]) => `${kind}=${n}`).join();
  if (place.getAttribute("data-now") === now) return;
  place.setAttribute("data-now", now);
  place.replaceChildren(
    ...some.map(([kind, n]) => {
      const figure = document.createElement("span");
      figure.className = "figure error";
      const number = document.createElement("b");
      number.textContent = count(n);
      figure.append(number, ` ${say(kind)}`);
      return figure;
    }),
  );
}

/** @param {Tick} tick */
function writeSentence(tick) {
  const place = document.querySelector('[data-n="says"]');
  if (!place) return;
  const [sentence, verdict] = sentenceOf(tick);
  text(place, sentence);
  place.className = `says ${verdict}`;
  document.querySelector(".figure.failed")?.classList.toggle("now", verdict === "trouble" && tick.failed > 0);
}

/** Trouble first, then what chance has to say. @param {Tick} tick @returns {[string, string]} */
function sentenceOf(tick) {
  const worst = Object.entries(tick.errors).sort((a, b) => b[1] - a[1])[0];
  const failing = tick.samples.length ? tick.samples.every((s) => s.error) : tick.failed > failedBefore;
  if (worst && failing) return [say(`${worst[0]}Why`), "trouble"];
  if (tick.target.kind === "podIp") return [say("podIpWhy"), "quiet"];
  if (tick.connections.mode !== "newPerRequest") return [say("keepAliveWhy"), "quiet"];
  const verdict = tick.evenness?.verdict ?? "tooFew";
  const tone = verdict === "chance" ? "chance" : verdict === "tooFew" ? "quiet" : "trouble";
  return [say(verdict, { p: pValue(tick.evenness?.p ?? 1) }), tone];
}

/** @param {string} name @param {string} value */
function number(name, value) {
  const element = document.querySelector(`[data-n="${name}"]`);
  if (element) text(element, value);
}

/** @param {Element} element @param {string} value */
function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/**
 * @param {string} selector of an attribute that holds a pod's name
 * @param {string} value
 * @param {(element: Element) => void} act
 */
function each(selector, value, act) {
  const attribute = selector.slice(1, -1);
  for (const element of document.querySelectorAll(selector)) {
    if (element.getAttribute(attribute) === value) act(element);
  }
}
