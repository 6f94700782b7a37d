// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// What the stand-in tells (server-sent events), handed on; and how numbers are written. Knows no
// element of the page.

// state(state, now), requests(rows), connected(true or false)
export function watch({ state, requests, connected }) {
  const source = new EventSource("events");
  source.addEventListener("open", () => connected?.(true));
  source.addEventListener("error", () => connected?.(false));
  source.addEventListener("state", (event) => {
    const told = JSON.parse(event.data);
    state?.(told.state, told.now);
  });
  source.addEventListener("requests", (event) => requests?.(JSON.parse(event.data)));
  return source;
}

export function bytesText(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

export const rateText = (bits) =>
  bits < 1e6 ? `${Math.round(bits / 1e3)} kbit/s` : `${(bits / 1e6).toFixed(1)} Mbit/s`;

export const clockText = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });

export const secondsText = (ms) =>
  ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
