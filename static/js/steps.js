// @ts-check
/** When a step is done, the next one comes into view. */

let current = nowCurrent();

function nowCurrent() {
  return document.querySelector('.step[aria-current="step"]')?.id ?? "";
}

/** @param {string} id of the fragment that changed */
export function changed(id) {
  if (id !== "steps" || nowCurrent() === current) return;
  current = nowCurrent();
  const smooth = !matchMedia("(prefers-reduced-motion: reduce)").matches;
  const steps = document.getElementById("steps");
  const step = document.getElementById(current);
  // Only where the steps scroll by themselves, beside the picture: nobody's page is moved under their hands.
  if (!steps || steps.scrollHeight <= steps.clientHeight) return;
  const top = step ? step.offsetTop - steps.offsetTop - 8 : 0;
  steps.scrollTo({ top, behavior: smooth ? "smooth" : "auto" });
}
