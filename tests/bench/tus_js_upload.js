// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// tus_js_upload.js URL FILE CHUNK: uploads a file as a stream of known length.
const fs = require('fs');
const tus = require('../interop/node_modules/tus-js-client');

const [url, file, chunk] = process.argv.slice(2);
new tus.Upload(fs.createReadStream(file), {
  endpoint: url,
  uploadSize: fs.statSync(file).size,
  chunkSize: Number(chunk),
  retryDelays: null,
  onError: (error) => { console.error(String(error)); process.exit(1); },
}).start();
