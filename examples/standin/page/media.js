// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What a browser must know of a recording before it can play it: the container and the codecs, read
// from its first bytes; and where a player may begin in the middle of it. Bytes in, values out.

const text = (bytes, at, size) =>
  String.fromCharCode(...bytes.subarray(at, Math.min(at + size, bytes.length)));

const number = (bytes, at, size) => {
  let value = 0;
  for (let i = 0; i < size; ++i) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
};

const hex = (value) => value.toString(16).padStart(2, "0");

/* ------------------------------------------------------------------ MP4 */

// Boxes that lie in [at, end): [type, start of the content, end]. The last may be cut off.
function* boxes(bytes, at, end) {
  while (at + 8 <= end) {
    let size = number(bytes, at, 4);
    let head = 8;
    if (size === 1) {
      size = number(bytes, at + 8, 8);
      head = 16;
    }
    if (size === 0) size = end - at;
    if (size < head) return;
    yield [text(bytes, at + 4, 4), at + head, at + size];
    at += size;
  }
}

const find = (bytes, at, end, ...path) => {
  for (const [type, from, to] of boxes(bytes, at, end))
    if (type === path[0])
      return path.length === 1 ? [from, to] : find(bytes, from, to, ...path.slice(1));
  return null;
};

// The number behind a tag of an MPEG-4 descriptor, whose length is written in up to four bytes.
function descriptor(bytes, at) {
  const tag = bytes[at++];
  let size = 0;
  for (let i = 0; i < 4; ++i) {
    const byte = bytes[at++];
    size = size * 128 + (byte & 0x7f);
    if (!(byte & 0x80)) break;
  }
  return [tag, at, at + size];
}

// "mp4a.40.2": the kind of MPEG-4 audio is the first five bits of its configuration.
function mp4a(bytes, from) {
  let [, at] = descriptor(bytes, from + 4);
  const flags = bytes[at + 2];
  at += 3 + (flags & 0x80 ? 2 : 0) + (flags & 0x20 ? 2 : 0);
  if (flags & 0x40) at += 1 + bytes[at];
  const [tag, config] = descriptor(bytes, at);
  if (tag !== 4) return "mp4a.40.2";
  const kind = bytes[config];
  if (kind !== 0x40) return `mp4a.${hex(kind)}`;
  const [, specific] = descriptor(bytes, config + 13);
  let object = bytes[specific] >> 3;
  if (object === 31) object = 32 + ((bytes[specific] & 7) << 3) + (bytes[specific + 1] >> 5);
  return `mp4a.40.${object || 2}`;
}

function hevc(name, bytes, at) {
  const profile = bytes[at + 1];
  let flags = number(bytes, at + 2, 4);
  let reversed = 0;
  for (let i = 0; i < 32; ++i, flags = Math.floor(flags / 2)) reversed = reversed * 2 + (flags % 2);
  const rest = [...bytes.subarray(at + 6, at + 12)];
  while (rest.length > 1 && rest.at(-1) === 0) rest.pop();
  return [
    name,
    ["", "A", "B", "C"][profile >> 6] + (profile & 31),
    reversed.toString(16),
    (profile & 0x20 ? "H" : "L") + bytes[at + 12],
    ...rest.map((byte) => byte.toString(16)),
  ].join(".");
}

const two = (value) => String(value).padStart(2, "0");

function av1(bytes, at) {
  const tier = bytes[at + 2] & 0x80 ? "H" : "M";
  const depth = bytes[at + 2] & 0x40 ? (bytes[at + 2] & 0x20 ? 12 : 10) : 8;
  return `av01.${bytes[at + 1] >> 5}.${two(bytes[at + 1] & 31)}${tier}.${two(depth)}`;
}

// The codec of one sample entry, as browsers name it.
function mp4Codec(bytes, type, from, to) {
  const head = { mp4a: 28, Opus: 28, fLaC: 28, "ac-3": 28, "ec-3": 28 }[type] ?? 78;
  const config = (name) => find(bytes, from + head, to, name)?.[0];
  if (type === "avc1" || type === "avc3") {
    const at = config("avcC");
    return at ? type + "." + hex(bytes[at + 1]) + hex(bytes[at + 2]) + hex(bytes[at + 3]) : null;
  }
  if (type === "hvc1" || type === "hev1") return config("hvcC") ? hevc(type, bytes, config("hvcC")) : null;
  if (type === "vp09") {
    const at = config("vpcC");
    return at
      ? `vp09.${two(bytes[at + 4])}.${two(bytes[at + 5])}.${two(bytes[at + 6] >> 4)}`
      : "vp09.00.10.08";
  }
  if (type === "vp08") return "vp8";
  if (type === "av01") return config("av1C") ? av1(bytes, config("av1C")) : null;
  if (type === "mp4a") return config("esds") ? mp4a(bytes, config("esds")) : "mp4a.40.2";
  return { Opus: "opus", fLaC: "flac" }[type] ?? type;
}

function mp4(bytes) {
  const told = { container: "MP4", type: "video/mp4", codecs: [], live: false, scales: {} };
  for (const [type, from, to] of boxes(bytes, 0, bytes.length)) {
    if (type === "mdat" || type === "moof") return { ...told, why: "index-last" };
    if (type !== "moov") continue;
    if (to > bytes.length) return null; // more of it is needed
    let video = false;
    for (const [name, trak, end] of boxes(bytes, from, to)) {
      if (name === "mvex") told.live = true;
      if (name !== "trak") continue;
      const stsd = find(bytes, trak, end, "mdia", "minf", "stbl", "stsd");
      if (!stsd) continue;
      for (const [entry, at, last] of boxes(bytes, stsd[0] + 8, stsd[1])) {
        const codec = mp4Codec(bytes, entry, at, last);
        if (codec && !told.codecs.includes(codec)) told.codecs.push(codec);
      }
      const handler = find(bytes, trak, end, "mdia", "hdlr");
      const [tkhd] = find(bytes, trak, end, "tkhd") ?? [];
      const [mdhd] = find(bytes, trak, end, "mdia", "mdhd") ?? [];
      if (tkhd && mdhd)
        told.scales[number(bytes, tkhd + (bytes[tkhd] ? 20 : 12), 4)] = number(bytes, mdhd + (bytes[mdhd] ? 20 : 12), 4);
      video ||= handler !== null && text(bytes, handler[0] + 8, 4) === "vide";
    }
    if (!video) told.type = "audio/mp4";
    return told.live ? told : { ...told, why: "not-fragmented" };
  }
  return null;
}

/* ----------------------------------------------------------------- WebM */

// An EBML number: [value, bytes]; value -1: "unknown size". With its marker it is an id.
function vint(bytes, at, keepMarker) {
  const first = bytes[at];
  let size = 1;
  while (size <= 8 && !(first & (0x80 >> (size - 1)))) ++size;
  if (first === undefined || size > 8) return [0, 0];
  let value = keepMarker ? first : first & (0xff >> size);
  let ones = (first | (0xff << (8 - size))) % 256 === 255;
  for (let i = 1; i < size; ++i) {
    value = value * 256 + (bytes[at + i] ?? 0);
    ones &&= bytes[at + i] === 255;
  }
  return [ones && !keepMarker ? -1 : value, size];
}

function* elements(bytes, at, end) {
  while (at < end) {
    const [id, idSize] = vint(bytes, at, true);
    const [size, sizeSize] = vint(bytes, at + idSize, false);
    if (!idSize || !sizeSize) return;
    const from = at + idSize + sizeSize;
    const to = size < 0 ? end : from + size;
    yield [id, from, to];
    at = to;
  }
}

const kSegment = 0x18538067;
const kInfo = 0x1549a966;
const kTimestampScale = 0x2ad7b1;
const kTimestamp = 0xe7;
const kBlockGroup = 0xa0;
const kBlocks = [0xa3, 0xa1]; // one of its own, one in a group
const kTracks = 0x1654ae6b;
const kCluster = 0x1f43b675;
const kTrackEntry = 0xae;
const kCodecId = 0x86;
const kCodecPrivate = 0x63a2;
const kTrackType = 0x83;

const webmCodecs = {
  V_VP8: "vp8",
  V_VP9: "vp9",
  A_OPUS: "opus",
  A_VORBIS: "vorbis",
  A_FLAC: "flac",
  A_AAC: "mp4a.40.2",
};

function webmCodec(bytes, track) {
  let name = "";
  let config = 0;
  let kind = 0;
  for (const [id, from, to] of elements(bytes, ...track)) {
    if (id === kCodecId) name = text(bytes, from, to - from).replace(/\0+$/, "");
    if (id === kCodecPrivate) config = from;
    if (id === kTrackType) kind = bytes[from];
  }
  let codec = webmCodecs[name] ?? name;
  if (name === "V_MPEG4/ISO/AVC" && config)
    codec = "avc1." + hex(bytes[config + 1]) + hex(bytes[config + 2]) + hex(bytes[config + 3]);
  if (name === "V_AV1" && config) codec = av1(bytes, config);
  return [codec, kind === 1];
}

function webm(bytes) {
  const isWebm = text(bytes, 0, 64).includes("webm");
  const told = {
    container: isWebm ? "WebM" : "Matroska",
    type: "video/webm",
    codecs: [],
    live: true,
    tick: 0.001, // seconds
  };
  for (const [id, from, to] of elements(bytes, 0, bytes.length)) {
    if (id !== kSegment) continue;
    for (const [inner, at, end] of elements(bytes, from, Math.min(to, bytes.length))) {
      if (inner === kCluster) return null;
      if (inner === kInfo)
        for (const [name, value, last] of elements(bytes, at, end))
          if (name === kTimestampScale) told.tick = number(bytes, value, last - value) / 1e9;
      if (inner !== kTracks) continue;
      if (end > bytes.length) return null;
      let video = false;
      for (const [entry, ...track] of elements(bytes, at, end)) {
        if (entry !== kTrackEntry) continue;
        const [codec, isVideo] = webmCodec(bytes, track);
        if (!told.codecs.includes(codec)) told.codecs.push(codec);
        video ||= isVideo;
      }
      if (!video) told.type = "audio/webm";
      return told;
    }
  }
  return null;
}

/* ------------------------------------------------------------ for others */

// {container, type, codecs, live, why}. live: its pieces can be played before it is complete; else
// `why` says what hinders: "transport-stream", "index-last", "not-fragmented", "other". null: more
// of the first bytes is needed.
export function identify(bytes) {
  if (bytes.length < 12) return null;
  const no = (container, why) => ({ container, type: "", codecs: [], live: false, why });
  if (text(bytes, 4, 4) === "ftyp" || text(bytes, 4, 4) === "styp") return mp4(bytes);
  if (number(bytes, 0, 4) === 0x1a45dfa3) return webm(bytes);
  for (const [start, packet] of [[0, 188], [4, 192]])
    if (bytes[start] === 0x47 && (bytes.length <= start + packet || bytes[start + packet] === 0x47))
      return no("MPEG-TS", "transport-stream");
  const magic = text(bytes, 0, 4);
  const known = { OggS: "Ogg", RIFF: text(bytes, 8, 4), fLaC: "FLAC", "FLV\x01": "FLV" }[magic];
  if (text(bytes, 4, 4) === "mdat") return no("MP4", "index-last");
  return no(known ?? "", "other");
}

// How MediaSource is asked for it.
export const mimeOf = (told) => `${told.type}; codecs="${told.codecs.join(",")}"`;

const isMp4 = (told) => told.container === "MP4";

// Where the first fragment or cluster begins in bytes from the middle; -1: there is none.
export function findStart(bytes, told) {
  for (let at = 0; at + 16 <= bytes.length; ++at) {
    if (isMp4(told)) {
      if (bytes[at + 4] === 0x6d && text(bytes, at + 4, 4) === "moof" && text(bytes, at + 12, 4) === "mfhd")
        return at;
    } else if (bytes[at] === 0x1f && number(bytes, at, 4) === kCluster) {
      return at;
    }
  }
  return -1;
}

// The time in seconds at which the fragment or cluster that starts there begins; null: not told.
export function startTime(bytes, at, told) {
  if (!isMp4(told)) {
    const [, from, to] = elements(bytes, at, bytes.length).next().value ?? [];
    for (const [id, value, end] of elements(bytes, from ?? 0, Math.min(to ?? 0, bytes.length)))
      return id === kTimestamp ? number(bytes, value, end - value) * told.tick : null;
    return null;
  }
  const traf = find(bytes, at, Math.min(at + number(bytes, at, 4), bytes.length), "moof", "traf");
  const [tfhd] = traf ? (find(bytes, ...traf, "tfhd") ?? []) : [];
  const [tfdt] = traf ? (find(bytes, ...traf, "tfdt") ?? []) : [];
  if (!tfhd || !tfdt) return null;
  return number(bytes, tfdt + 4, bytes[tfdt] ? 8 : 4) / (told.scales[number(bytes, tfhd + 4, 4)] || 1);
}

// Where the part in front of the first fragment or cluster ends, which every start needs; -1: later.
export function headerEnd(bytes, told) {
  if (!isMp4(told)) return findStart(bytes, told);
  for (const [type, , to] of boxes(bytes, 0, bytes.length)) {
    if (type === "moov") return to <= bytes.length ? to : -1;
    if (to > bytes.length) return -1;
  }
  return -1;
}

// A browser that is given WebM in pieces wants the times of all blocks to rise. Muxers put the sound
// and the picture in the order in which they are heard and seen, and write times of Opus that are
// later by what its decoder drops: a few milliseconds too late for the picture behind. This lets
// the times rise, piece by piece; what is no block passes as it is.
export class RisingTimes {
  constructor() {
    this.rest = new Uint8Array(); // the beginning of an element that is not all here
    this.pass = 0; // bytes of the element before that are still to come
    this.cluster = 0;
    this.last = 0;
  }

  // What can be handed on of all that has come.
  next(piece) {
    const bytes = new Uint8Array(this.rest.length + piece.length);
    bytes.set(this.rest);
    bytes.set(piece, this.rest.length);
    let at = Math.min(this.pass, bytes.length);
    this.pass -= at;
    while (at < bytes.length && this.pass === 0) {
      const size = this.element(bytes, at);
      if (size === 0) break;
      this.pass = Math.max(at + size - bytes.length, 0);
      at = Math.min(at + size, bytes.length);
    }
    this.rest = bytes.slice(at);
    return bytes.subarray(0, at);
  }

  // The size of the element there, or of its head where it holds others; 0: more is needed.
  element(bytes, at) {
    const [id, idSize] = vint(bytes, at, true);
    const [size, sizeSize] = vint(bytes, at + idSize, false);
    const head = idSize + sizeSize;
    if (at + 24 > bytes.length && at + head + Math.max(size, 0) > bytes.length) return 0;
    if (idSize === 0 || sizeSize === 0) return bytes.length - at; // no WebM: as it is
    if (id === kSegment || id === kCluster || id === kBlockGroup) return head;
    if (id === kTimestamp) this.cluster = number(bytes, at + head, size);
    if (kBlocks.includes(id)) this.raise(bytes, at + head);
    return head + size;
  }

  // The time of a block is a signed number of two bytes behind that of its track.
  raise(bytes, at) {
    at += vint(bytes, at, false)[1];
    const written = (number(bytes, at, 2) << 16) >> 16;
    this.last = Math.max(this.last, this.cluster + written);
    const risen = this.last - this.cluster;
    if (risen === written || risen > 32767) return;
    bytes[at] = (risen >> 8) & 255;
    bytes[at + 1] = risen & 255;
  }
}
