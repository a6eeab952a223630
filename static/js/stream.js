// @ts-check
/**
 * The live stream: fragments, ticks, and what to do when it breaks.
 *
 * connecting ──▶ live ◀──▶ lost. EventSource reconnects by itself while the server answers; when it gives up (the
 * server is gone, or answers with an error) this asks again, a little later each time.
 */
import { morph } from "./morph.js";
import { say } from "./words.js";

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10_000;

/** @typedef {{tick?: (tick: any | null) => void, changed?: (id: string) => void}} Listeners */

/**
 * @param {string} url
 * @param {Listeners} listeners
 */
export function follow(url, { tick, changed }) {
  let wait = FIRST_WAIT_MS;
  /** @type {EventSource | undefined} */
  let source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  const open = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(url);
    source.onopen = () => {
      wait = FIRST_WAIT_MS;
      // What another stream counted, perhaps of another server, does not go on here.
      tick?.(null);
      live();
    };
    source.onerror = () => {
      lost("reconnecting");
      if (source?.readyState === EventSource.CLOSED) again();
    };
    source.addEventListener("fragment", (event) => {
      live();
      const { id, html } = JSON.parse(event.data);
      if (morph(id, html)) changed?.(id);
    });
    source.addEventListener("tick", (event) => tick?.(JSON.parse(event.data)));
    source.addEventListener("bye", () => lost("bye"));
    source.addEventListener("ready", (event) => goTo(JSON.parse(event.data)));
  };
  const again = () => {
    clearTimeout(timer);
    timer = setTimeout(open, wait);
    wait = Math.min(wait * 2, LONGEST_WAIT_MS);
  };

  // A page that is left keeps no stream open; one that comes back from the browser's memory opens it anew.
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => event.persisted && open());
  open();
}

/** Goes to a page of this server, and to no other. @param {string} to */
function goTo(to) {
  const url = new URL(to, location.href);
  if (url.origin === location.origin) location.assign(url);
}

function live() {
  const root = document.documentElement;
  if (root.dataset.connection === "live") return;
  root.dataset.connection = "live";
  const notice = document.querySelector("[data-lost]");
  if (notice instanceof HTMLElement) notice.hidden = true;
}

/** @param {"reconnecting" | "bye"} why */
function lost(why) {
  const root = document.documentElement;
  const notice = document.querySelector("[data-lost]");
  // What the server said when it left is better than that it does not answer.
  const said = root.dataset.connection === "lost" && why === "reconnecting";
  root.dataset.connection = "lost";
  if (notice instanceof HTMLElement && !said) {
    notice.textContent = say(why);
    notice.hidden = false;
  }
}
