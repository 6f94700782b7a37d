// tus_js_upload.js URL FILE CHUNK: uploads a stream whose length is declared at the end, as a live
// recording would be. Prints the milliseconds from the stream's end until it was complete.
const fs = require('fs');
const tus = require('../interop/node_modules/tus-js-client');

const [url, file, chunk] = process.argv.slice(2);
let ended = 0;
const stream = file === '-' ? process.stdin : fs.createReadStream(file);
stream.on('end', () => { ended = Date.now(); });
new tus.Upload(stream, {
  endpoint: url,
  uploadLengthDeferred: true,
  chunkSize: Number(chunk),
  retryDelays: null,
  onError: (error) => { console.error(String(error)); process.exit(1); },
  onSuccess: () => { console.log(Date.now() - ended); },
}).start();
