// @ts-check
/** Wires the page: what there is of it. Each module stands alone, and the page works without any of them. */
import * as acts from "./acts.js";
import * as commands from "./console.js";
import * as dots from "./dots.js";
import { edit } from "./editor.js";
import * as lit from "./lit.js";
import { localise } from "./morph.js";
import * as sheets from "./sheets.js";
import * as steps from "./steps.js";
import { follow } from "./stream.js";
import { tabify } from "./tabs.js";
import * as ticks from "./ticks.js";
import * as view from "./view.js";

view.listen();
acts.listen();
sheets.listen();
tabify();
edit();
commands.listen();
localise(document);

const stream = document.querySelector("[data-stream]")?.getAttribute("data-stream");
if (stream) {
  follow(stream, {
    tick: (tick) => {
      ticks.show(tick);
      if (tick) dots.run(tick);
    },
    changed: (id) => {
      ticks.again(id);
      steps.changed(id);
      lit.again();
    },
  });
}
