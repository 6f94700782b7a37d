// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The player of one recording, for the links in the API's answers: /player?recording=KEY. It may be
// shown within other pages, and can change nothing.

import { Player } from "./player.js";
import { watch } from "./watch.js";

const key = new URLSearchParams(location.search).get("recording");
const title = document.getElementById("playing");
const line = document.getElementById("player-line");
const player = new Player(document.getElementById("video"), line);
let known = false;

watch({
  state(state) {
    const recording = state.recordings.find((one) => one.key === key);
    if (!recording) {
      if (!known) line.textContent = "There is no such recording here.";
      return;
    }
    title.textContent = recording.name || "Without a name";
    document.title = title.textContent;
    if (known) player.update(recording);
    else player.show(recording);
    known = true;
  },
});
