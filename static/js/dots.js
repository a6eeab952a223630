// @ts-check
/**
 * Dots: each is one real request that the client sampled. It goes the way the request went, in the hue of the pod
 * that answered, and ends where the request ended. Where pods ask an upstream it goes on, in the hue of the pod that
 * answered there. With reduced motion there are none; the numbers say it all.
 */

/** @typedef {import("./ticks.js").Tick} Tick @typedef {import("./ticks.js").Sample} Sample @typedef {import("./ticks.js").Hop} Hop */

/** @typedef {{path: SVGPathElement, until: number, hue?: string}} Leg */
/** @typedef {{node: SVGCircleElement, legs: Leg[], began: number, time: number, failed: boolean, fades: boolean}} Dot */

const SVG = "http://www.w3.org/2000/svg";
/** The most dots at once: more cannot be followed. */
const MOST = 60;
/** Of one leg, in milliseconds. */
const LEG_MS = 260;
const BURST_MS = 260;
/** Samples of one tick start this far apart at most, so that they do not march in step. */
const SPREAD_MS = 90;

const still = matchMedia("(prefers-reduced-motion: reduce)");
/** @type {Set<Dot>} */
const alive = new Set();
let frame = 0;

/** @param {Tick} tick */
export function run(tick) {
  if (still.matches || document.hidden || !tick.running) return;
  const picture = [...document.querySelectorAll("svg.diagram")].find((svg) => svg.getClientRects().length > 0);
  const layer = picture?.querySelector(".dots");
  if (!picture || !layer) return;
  tick.samples.forEach((sample, i) => {
    if (alive.size < MOST) start(picture, layer, tick, sample, i);
  });
  if (alive.size && !frame) frame = requestAnimationFrame(move);
}

/**
 * @param {Element} picture
 * @param {Element} layer
 * @param {Tick} tick
 * @param {Sample} sample
 * @param {number} i
 */
function start(picture, layer, tick, sample, i) {
  const legs = route(picture, tick, sample);
  if (!legs.length) return;
  const node = document.createElementNS(SVG, "circle");
  const error = sample.error ?? sample.hops?.at(-1)?.error;
  node.setAttribute("class", `dot ${legs[0].hue ?? ""}${sample.error ? " failed" : ""}`);
  node.setAttribute("r", "6");
  node.setAttribute("visibility", "hidden");
  layer.append(node);
  const began = performance.now() + i * SPREAD_MS * (0.5 + Math.random() / 2);
  const fades = error === "timeout";
  alive.add({ node, legs, began, time: legs.length * LEG_MS, failed: !!error, fades });
}

/** The hue of a pod. @param {Element} picture @param {string | null} name */
const hueOf = (picture, name) =>
  name === null ? undefined : [...(podOf(picture, name)?.classList ?? [])].find((word) => word.startsWith("hue-"));

/** @param {Element} picture @param {string} name */
const podOf = (picture, name) => [...picture.querySelectorAll(".object.pod")].find((pod) => pod.getAttribute("data-pod") === name);

/**
 * The way of a request, leg by leg, and how far it got on each.
 * @param {Element} picture
 * @param {Tick} tick
 * @param {Sample} sample
 * @returns {Leg[]}
 */
function route(picture, tick, sample) {
  /** @param {(edge: DOMStringMap) => boolean} which */
  const find = (which) => {
    const edges = /** @type {SVGPathElement[]} */ ([...picture.querySelectorAll("path.edge")].filter((e) => which(/** @type {SVGElement} */ (e).dataset)));
    return edges.find((edge) => edge.classList.contains("dead")) ?? edges[0];
  };
  const service = tick.target.name;
  const hue = hueOf(picture, sample.pod);
  const onwards = () => further(picture, sample, find);
  if (tick.target.kind === "podIp") {
    const direct = find((edge) => edge.service === "" && edge.pod === service);
    return direct ? [{ path: direct, until: reach(sample), hue }, ...onwards()] : [];
  }
  const first = find((edge) => edge.service === service && edge.uid === "");
  if (!first) return [];
  // A name that does not resolve never leaves the client.
  if (sample.error === "dns") return [{ path: first, until: 0.04 }];
  const second = sample.pod ? find((edge) => edge.service === service && edge.pod === sample.pod) : undefined;
  if (second) return [{ path: first, until: 1, hue }, { path: second, until: reach(sample), hue }, ...onwards()];
  return [{ path: first, until: sample.error === "timeout" ? 0.6 : 1 }];
}

/**
 * How a request goes on from the pod that answered it: to the Service that this one asked, and to who answered there.
 * @param {Element} picture
 * @param {Sample} sample
 * @param {(which: (edge: DOMStringMap) => boolean) => SVGPathElement | undefined} find
 * @returns {Leg[]}
 */
function further(picture, sample, find) {
  const legs = [];
  let from = sample.pod;
  for (const hop of sample.hops ?? []) {
    const service = serviceOf(hop);
    const hue = hueOf(picture, hop.pod);
    const asks = find((edge) => edge.service === service && edge.pod === from);
    if (!asks) break;
    const ends = hop.error === "dns" ? 0.04 : hop.error === "timeout" ? 0.6 : 1;
    legs.push({ path: asks, until: hop.pod ? 1 : ends, hue: hue ?? hueOf(picture, from) });
    const answers = hop.pod ? find((edge) => edge.service === service && edge.pod === hop.pod) : undefined;
    if (!answers) break;
    legs.push({ path: answers, until: 1, hue });
    from = hop.pod;
  }
  return legs;
}

/** The name of the Service that was asked. @param {Hop} hop */
const serviceOf = (hop) => new URL(hop.to).hostname.split(".")[0];

/** How far along its last leg a request got: to the end, or, unanswered, into nowhere. @param {Sample} sample */
const reach = (sample) => (sample.error === "timeout" ? 0.6 : sample.error === "dns" ? 0.04 : 1);

/** @param {number} now */
function move(now) {
  for (const dot of alive) {
    const done = (now - dot.began) / dot.time;
    if (done < 0) continue;
    if (done >= 1 || !dot.legs.every((leg) => leg.path.isConnected)) end(dot);
    else place(dot, done);
  }
  frame = alive.size ? requestAnimationFrame(move) : 0;
}

/** @param {Dot} dot @param {number} done from 0 to 1 */
function place(dot, done) {
  const along = done * dot.legs.length;
  const leg = dot.legs[Math.min(Math.floor(along), dot.legs.length - 1)];
  if (leg.hue && !dot.node.classList.contains(leg.hue)) dot.node.setAttribute("class", `dot ${leg.hue}`);
  const eased = 1 - (1 - (along % 1)) ** 2;
  const at = leg.path.getPointAtLength(leg.path.getTotalLength() * leg.until * eased);
  dot.node.setAttribute("cx", at.x.toFixed(1));
  dot.node.setAttribute("cy", at.y.toFixed(1));
  dot.node.setAttribute("visibility", "visible");
  if (dot.fades) dot.node.setAttribute("opacity", (1 - eased).toFixed(2));
}

/** @param {Dot} dot */
function end(dot) {
  alive.delete(dot);
  const layer = dot.node.parentNode;
  if (dot.failed && !dot.fades && layer) {
    place(dot, 0.999);
    const [x, y] = [Number(dot.node.getAttribute("cx")), Number(dot.node.getAttribute("cy"))];
    const burst = document.createElementNS(SVG, "path");
    burst.setAttribute("class", "burst");
    burst.setAttribute("d", `M${x - 7} ${y - 7} l14 14 M${x + 7} ${y - 7} l-14 14`);
    layer.append(burst);
    setTimeout(() => burst.remove(), BURST_MS);
  }
  dot.node.remove();
}
