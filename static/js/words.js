// @ts-check
/** The page's words for scripts, which the server wrote in the reader's language. */

/**
 * A sentence with its `{places}` filled.
 * @param {string} name as in `data-…`, camelCase
 * @param {Record<string, string | number>} [places]
 */
export function say(name, places = {}) {
  const sentence = document.getElementById("words")?.dataset[name] ?? "";
  return sentence.replace(/\{(\w+)\}/g, (_, place) => String(places[place] ?? ""));
}

const THIN = "\u202f";

/** @param {number} share of 1 */
export const percent = (share) => `${Math.round(share * 100)}${THIN}%`;

/** @param {number} n */
export const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, THIN);

/** @param {number} us microseconds */
export function latency(us) {
  const ms = us / 1000;
  if (us === 0) return "–";
  if (us < 10_000) return `${ms.toFixed(1)} ms`;
  return us < 1_000_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** @param {number} p */
export const pValue = (p) => (p < 0.001 ? "< 0.001" : p.toFixed(2));
