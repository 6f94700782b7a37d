// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A real @tus/server with its file store on a loopback port: node tus_server.js FOLDER [PORT]
// Prints "listening on URL". Must not know gst-tus.
'use strict';

const http = require('node:http');

async function main() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  // The current release wants Node.js 20.19; what Debian 12 and Ubuntu 24.04 have runs the one before.
  const current = major > 20 || (major === 20 && minor >= 19);
  const {Server} = await import(current ? '@tus/server' : 'tus-server-1');
  const {FileStore} = await import(current ? '@tus/file-store' : 'tus-file-store-1');

  const tus = new Server({
    path: '/files',
    datastore: new FileStore({directory: process.argv[2]}),
    respectForwardedHeaders: true,
  });
  const server = http.createServer(tus.handle.bind(tus));
  server.listen(Number(process.argv[3] || 0), '127.0.0.1', () => {
    console.log(`listening on http://127.0.0.1:${server.address().port}/files/`);
  });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
