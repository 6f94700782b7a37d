// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// A real tus-node-server with its file store: node tus_node_server.js PACKAGE FOLDER [PORT]
// Prints "listening on URL", and "complete ID" when it takes an upload for complete. Started again
// with the same folder it knows its uploads. Must not know gst-tus.
'use strict';

const http = require('node:http');

const [name, folder, port] = process.argv.slice(2);
// Without the stores for clouds, whose packages are large.
const Server = require(`${name}/lib/Server`);
const FileStore = require(`${name}/lib/stores/FileStore`);
const {EVENTS} = require(`${name}/lib/constants`);

const tus = new Server({path: '/files'});
tus.datastore = new FileStore({path: '/files', directory: folder});
tus.on(EVENTS.EVENT_UPLOAD_COMPLETE, ({file}) => console.log(`complete ${file.id}`));
const server = http.createServer(tus.handle.bind(tus));
server.listen(Number(port || 0), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/files/`);
});
