// Pictures and states of the list of cameras.

import { Refresh } from "./refresh.js";
import { Stills } from "./stills.js";

const stills = new Stills();

function show() {
  for (const picture of document.querySelectorAll("#rows [data-pic]")) {
    const cell = document.querySelector(`[data-live="${CSS.escape(picture.dataset.liveState)}"]`);
    stills.show(picture, { id: picture.dataset.camera, state: cell.dataset.state, reason: "", line: null, frame_age_secs: null });
  }
}

const note = document.getElementById("not-current");
if (note) {
  show();
  new Refresh({ note, onFresh: show });
}
