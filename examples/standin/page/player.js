// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays a recording: while it is uploaded its pieces are fetched as they come and given to a
// MediaSource; when it is complete the browser plays the file. Knows the video element and a line of
// text beside it, nothing else of the page.

import { RisingTimes, findStart, headerEnd, identify, mimeOf, startTime } from "./media.js";

const kPiece = 1 << 20; // bytes in one request
const kHeader = 4 << 20; // in which the codecs must have been told
const kLong = 24 << 20; // what is longer is joined near its end
const kTail = 6 << 20; // in which a fragment must begin
const kNear = 2 << 20; // bytes that are not worth looking for a closer start
const kAhead = 40; // seconds that are fetched before they are played
const kBehind = 30; // seconds that are kept after they were played
const kRounding = 1e-5; // seconds: a browser cuts off what is set as its time, to microseconds

const reasons = {
  "transport-stream":
    "A browser cannot play an MPEG transport stream. The file can be downloaded and played elsewhere.",
  "index-last":
    "This MP4 file tells only at its end where things are: it can be played when it is complete.",
  "not-fragmented":
    "This MP4 file is not written in fragments: it can be played when it is complete.",
  other: "A browser cannot play this kind of file while it grows.",
};

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

export class Player {
  constructor(video, line) {
    this.video = video;
    this.line = line;
    this.recording = null;
    this.mode = "none"; // "growing", "file", "text"
    this.turn = 0; // changes with everything that is shown anew
    this.wake = () => {};
    video.addEventListener("error", () => this.onError());
    for (const name of ["pause", "ended"])
      video.addEventListener(name, () => this.becomeFile());
    video.addEventListener("seeking", () => this.seek());
    video.addEventListener("loadedmetadata", () => this.lookAtFile());
  }

  say(text) {
    if (this.line.textContent !== text) this.line.textContent = text;
    this.line.hidden = text === "";
  }

  // Another recording, or the same from another place ("start", "end", or what suits).
  show(recording, { from = "", play = false } = {}) {
    ++this.turn;
    this.wake();
    this.recording = recording;
    this.wanted = play;
    this.told = null;
    this.indexed = true; // the file can be sought in
    this.forget();
    if (!recording) return this.say("Nothing is recorded yet.");
    if (recording.removed) return this.say("The upload was removed.");
    if (!recording.stored) return this.say("The bytes are only counted here, not kept.");
    if (recording.finished) return this.playFile(0);
    this.mode = "growing";
    this.say(recording.bytes ? "Looking for the codecs …" : "No byte has come yet.");
    return this.start(from);
  }

  start(from) {
    const { turn } = this;
    this.grow(turn, from).catch((error) => {
      // a SourceBuffer that has failed is told of by the video, with the reason
      if (turn === this.turn && !this.video.error) this.stopWith(error.message);
    });
  }

  // The same recording has grown, or is complete.
  update(recording) {
    if (!this.recording || this.recording.key !== recording.key) return;
    const before = this.recording;
    this.recording = recording;
    if (recording.removed !== before.removed || recording.stored !== before.stored)
      this.show(recording);
    else if (recording.finished && !before.finished && (this.mode === "text" || (!this.told && this.mode !== "file")))
      this.show(recording, { play: this.wanted });
    else this.wake();
  }

  restart(from) {
    const { finished } = this.recording;
    this.wanted = true;
    if (this.mode === "growing" && finished && this.indexed && from === "start") this.playFile(0);
    else if (this.mode === "file" || (this.source && finished)) {
      this.video.currentTime = from === "end" ? Math.max(this.video.duration - 2 || 0, 0) : 0;
      this.play();
    } else this.show(this.recording, { from, play: true });
  }

  play() {
    this.video.play().catch(() => {}); // a browser may want a click first
  }

  forget() {
    this.mode = "none";
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
    this.source = null;
    if (this.video.hasAttribute("src")) {
      this.video.removeAttribute("src");
      this.video.load();
    }
  }

  stopWith(text) {
    ++this.turn;
    this.forget();
    this.mode = "text";
    this.say(text);
  }

  playFile(time) {
    ++this.turn;
    this.wake();
    this.forget();
    this.mode = "file";
    this.say("");
    this.video.src = `media/${this.recording.key}`;
    if (time > 0) this.video.currentTime = time;
    if (this.wanted) this.play();
  }

  // What was watched while it grew is complete: the file can be sought in from its start.
  becomeFile() {
    if (this.mode !== "growing" || !this.indexed || this.source?.readyState !== "ended") return;
    this.wanted = false;
    this.playFile(this.video.ended ? 0 : this.video.currentTime);
  }

  // A file whose end nobody knows cannot be sought in: its pieces can.
  lookAtFile() {
    if (this.mode !== "file" || Number.isFinite(this.video.duration)) return;
    this.indexed = false;
    ++this.turn;
    this.forget();
    this.mode = "growing";
    this.start("start");
  }

  async onError() {
    if (this.mode === "none" || this.mode === "text" || !this.video.error) return;
    const file = this.mode === "file";
    const { message } = this.video.error;
    const turn = this.turn;
    const told = identify(await this.fetch(0, 65536).catch(() => new Uint8Array())) ?? {};
    if (turn !== this.turn) return;
    const what = [told.container, told.codecs?.join(", ")].filter(Boolean).join(", ");
    if (told.why === "transport-stream") this.stopWith(reasons[told.why]);
    else
      this.stopWith(
        `This browser cannot play ${file ? "the file" : "what has come so far"}` +
          (what ? ` (${what}).` : ".") +
          (message ? ` It says: ${message}` : ""),
      );
  }

  async fetch(from, to) {
    const answer = await fetch(`media/${this.recording.key}`, {
      headers: { Range: `bytes=${from}-${to - 1}` },
      cache: "no-store",
    });
    if (answer.status === 416) return new Uint8Array();
    if (!answer.ok) throw new Error(`The bytes cannot be had (status ${answer.status}).`);
    return new Uint8Array(await answer.arrayBuffer());
  }

  // Until update() brings news, or a moment has passed.
  news() {
    return Promise.race([new Promise((done) => (this.wake = done)), sleep(1000)]);
  }

  // The header of the recording, as soon as it tells the codecs.
  async header(turn) {
    let seen = 0;
    while (turn === this.turn) {
      const size = Math.min(this.recording.bytes, kHeader);
      if (size > seen) {
        const bytes = await this.fetch(0, size);
        if (turn !== this.turn) return null;
        seen = bytes.length;
        const told = identify(bytes);
        if (told) {
          this.told = told;
          return bytes;
        }
        if (seen >= kHeader) {
          this.told = { container: "", codecs: [], live: false, why: "other" };
          return bytes;
        }
      }
      await this.news();
    }
    return null;
  }

  async grow(turn, from) {
    const head = await this.header(turn);
    if (!head || turn !== this.turn) return;
    const told = this.told;
    const mime = mimeOf(told);
    const growing = told.live && "MediaSource" in window && MediaSource.isTypeSupported(mime);
    if (!growing) {
      this.stopWith(
        told.live
          ? `This browser cannot play ${told.container} with ${told.codecs.join(" and ")} while it ` +
              "grows. It may be able to when the file is complete."
          : reasons[told.why],
      );
      return;
    }
    const buffer = await this.open(turn, mime);
    if (!buffer) return;
    this.end = Math.max(headerEnd(head, told), 0);
    let at = 0;
    if (from === "end" || (from === "" && this.recording.bytes > kLong)) at = await this.newest();
    if (at > 0) await this.append(buffer, head.subarray(0, this.end));
    if (this.recording.finished) await this.tellDuration();
    if (turn !== this.turn) return;
    this.say("");
    await this.pump(turn, buffer, at);
  }

  async open(turn, mime) {
    const source = new MediaSource();
    this.source = source;
    this.entered = false;
    this.jump = null;
    this.url = URL.createObjectURL(source);
    this.video.src = this.url;
    await new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
    if (turn !== this.turn) return null;
    if (this.wanted) this.play();
    return source.addSourceBuffer(mime);
  }

  // The first fragment or cluster behind that place: where it is, and its time; null: none near.
  async startBehind(place) {
    const bytes = await this.fetch(place, Math.min(place + kTail, this.recording.bytes));
    const at = findStart(bytes, this.told);
    const time = at < 0 ? null : startTime(bytes, at, this.told);
    return at < 0 ? null : { at: place + at, time };
  }

  // Near the end; 0: there is not that much of it.
  async newest() {
    const place = this.recording.bytes - kTail;
    return (place > this.end && (await this.startBehind(place))?.at) || 0;
  }

  // Where the fragment or cluster of that time is, or one shortly before it.
  async locate(time) {
    let low = this.end;
    let high = this.recording.bytes;
    while (high - low > kNear) {
      const middle = low + Math.floor((high - low) / 2);
      const found = await this.startBehind(middle);
      if (found && found.at < high && found.time !== null && found.time <= time) low = found.at;
      else high = middle;
    }
    return low;
  }

  // Of what is complete, and does not tell it.
  async tellDuration() {
    const last = await this.startBehind(Math.max(this.recording.bytes - kTail, this.end));
    const tail = last ? await this.fetch(last.at, this.recording.bytes) : new Uint8Array();
    let time = last?.time ?? null;
    for (let at = 0, more = 0; more >= 0; at += more + 4) {
      more = findStart(tail.subarray(at), this.told);
      if (more >= 0) time = startTime(tail, at + more, this.told) ?? time;
    }
    if (time !== null && this.source?.readyState === "open") this.source.duration = time + 1;
  }

  // To a place that is not here: its bytes are fetched next.
  async seek() {
    if (this.mode !== "growing" || !this.entered || this.rangeOf(this.video.currentTime)) return;
    const { turn } = this;
    const at = await this.locate(this.video.currentTime).catch(() => null);
    if (turn !== this.turn || at === null) return;
    this.jump = at;
    this.wake();
  }

  async pump(turn, buffer, from) {
    let at = from;
    let rising = this.told.container === "MP4" ? null : new RisingTimes();
    while (turn === this.turn) {
      const { bytes, finished } = this.recording;
      if (this.jump !== null) {
        at = this.jump;
        this.jump = null;
        rising = rising && new RisingTimes();
        buffer.abort();
      }
      if (finished && at >= bytes && this.source.readyState === "open") {
        this.source.endOfStream();
        if (this.video.paused) this.becomeFile();
      } else if (at >= bytes || this.isFarAhead()) {
        await this.news();
      } else {
        const piece = await this.fetch(at, Math.min(at + kPiece, bytes));
        if (turn !== this.turn) return;
        if (piece.length === 0) await this.news();
        at += piece.length;
        const ready = rising ? rising.next(piece) : piece;
        if (ready.length > 0) await this.append(buffer, ready);
        if (turn === this.turn) this.enter();
      }
    }
  }

  // [start, end] of what is here around that time.
  rangeOf(time) {
    const { buffered } = this.video;
    for (let i = 0; i < buffered.length; ++i)
      if (time >= buffered.start(i) - kRounding && time <= buffered.end(i)) return [buffered.start(i), buffered.end(i)];
    return null;
  }

  isFarAhead() {
    const range = this.rangeOf(this.video.currentTime);
    return range !== null && range[1] - this.video.currentTime > kAhead;
  }

  // To where there is something: a recording need not begin at 0, and may have been joined late.
  enter() {
    const { buffered } = this.video;
    if (this.entered || buffered.length === 0) return;
    if (!this.rangeOf(this.video.currentTime)) this.video.currentTime = buffered.start(0);
    this.entered = true;
  }

  async append(buffer, bytes) {
    for (;;) {
      try {
        const done = new Promise((ready) => buffer.addEventListener("updateend", ready, { once: true }));
        buffer.appendBuffer(bytes);
        await done;
        return;
      } catch (error) {
        if (error.name !== "QuotaExceededError") throw error;
        await this.makeRoom(buffer);
      }
    }
  }

  async makeRoom(buffer) {
    const before = this.video.currentTime - kBehind;
    if (buffer.buffered.length === 0 || buffer.buffered.start(0) >= before) {
      await sleep(1000);
      return;
    }
    const done = new Promise((ready) => buffer.addEventListener("updateend", ready, { once: true }));
    buffer.remove(0, before);
    await done;
  }
}
