// SPDX-FileCopyrightText: 2026 The gst-tus developers
// SPDX-License-Identifier: LGPL-2.1-or-later
// The client that Gcore supports (tus-js-client 2.x) against a Gcore-like server, in the sequence
// that Gcore documents: create the video, get the tus parameters, upload, watch the status.
//
//   node tus_js_client.js URL KEY
//
// Three uploads: whole; in chunks, broken off in the middle and resumed by a second client object
// from the stored URL; of a stream whose length is not known before its end. The server must be
// gcore-standin: its GET /standin/uploads/ID says what was stored.

'use strict'

const assert = require('node:assert')
const crypto = require('node:crypto')
const http = require('node:http')
const net = require('node:net')
const stream = require('node:stream')
const tus = require('tus-js-client')

const [url, key] = process.argv.slice(2)
if (!url || !key) {
  console.error('usage: node tus_js_client.js URL KEY')
  process.exit(2)
}

const patience = setTimeout(() => {
  console.error('not ok: no end after 60 s')
  process.exit(1)
}, 60000)
patience.unref()

async function api(method, path, body) {
  const answer = await fetch(url + path, {
    method,
    headers: { Authorization: `APIKey ${key}`, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status}`)
  return answer.json()
}

async function session(name) {
  const created = await api('POST', '/streaming/videos/', {
    video: { name, description: 'Uploaded via TUS session' },
  })
  const video = Array.isArray(created) ? created[0] : created
  const data = await api('GET', `/streaming/videos/${video.id}/upload`)
  const server = data.servers.find((one) => one.active && one.role === 'upload')
  return {
    id: video.id,
    options: {
      endpoint: `${server.ssl ? 'https' : 'http'}://${server.hostname}/upload/`,
      metadata: {
        filename: data.video.name,
        token: data.token,
        video_id: data.video.id,
        client_id: data.video.client_id,
      },
      retryDelays: [0, 100, 300],
    },
  }
}

// Runs an upload to its end; `prepare` may keep hold of it.
function run(source, options, prepare = () => {}) {
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(source, {
      ...options,
      onError: reject,
      onSuccess: () => resolve(upload),
    })
    prepare(upload, resolve)
    upload.start()
  })
}

async function check(id, bytes) {
  const stored = await api('GET', `/standin/uploads/${id}`)
  assert.strictEqual(stored.finished, true)
  assert.strictEqual(stored.offset, bytes.length)
  assert.strictEqual(stored.sha256, crypto.createHash('sha256').update(bytes).digest('hex'))
  // noise is no video: after a look into it, the status stays and the error says so
  for (;;) {
    const video = await api('GET', `/streaming/videos/${id}`)
    if (video.error || video.status === 'ready') return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function whole() {
  const bytes = crypto.randomBytes(1234567)
  const { id, options } = await session('whole.mp4')
  await run(bytes, { ...options, chunkSize: Infinity })
  await check(id, bytes)
}

// A way to the server that can be broken: it lets so many bytes through, then resets the client.
// The server is told more gently: a reset would make it lose what it has not read yet.
function breakable(target, limit) {
  const to = new URL(target)
  let room = limit
  const proxy = net.createServer((client) => {
    const server = net.connect(Number(to.port), to.hostname)
    client.on('error', () => {}).on('close', () => server.end())
    server.on('error', () => {}).on('close', () => client.destroy())
    server.pipe(client)
    client.on('data', (data) => {
      server.write(data.subarray(0, room))
      room = Math.max(room - data.length, 0)
      if (room === 0) client.resetAndDestroy()
    })
  })
  return new Promise((resolve) => {
    proxy.listen(0, '127.0.0.1', () => resolve({ proxy, port: proxy.address().port }))
  })
}

async function resumed() {
  const bytes = crypto.randomBytes(3000000)
  const { id, options } = await session('resumed.mp4')
  const { proxy, port } = await breakable(options.endpoint, 1700000)
  const through = new URL(options.endpoint)
  through.port = String(port)
  let first
  const failure = await run(
    bytes,
    { ...options, endpoint: through.href, chunkSize: 1000000, retryDelays: null },
    (upload) => {
      first = upload
    },
  ).then(() => null, (error) => error)
  proxy.close()
  assert.ok(failure, 'the cut was not noticed')
  assert.ok(first.url, 'the upload has no URL')

  // what has passed the cut is on its way: a server keeps only what it has read before the next
  // request for the same upload comes
  while ((await api('GET', `/standin/uploads/${id}`)).offset <= 1000000)
    await new Promise((resolve) => setTimeout(resolve, 10))

  // a new client object, which knows nothing but the URL
  const uploadUrl = options.endpoint + first.url.split('/').pop()
  let resumedAt = -1
  await run(bytes, {
    ...options,
    endpoint: undefined,
    uploadUrl,
    chunkSize: 1000000,
    onBeforeRequest: (request) => {
      if (request.getMethod() === 'PATCH' && resumedAt < 0)
        resumedAt = Number(request.getHeader('Upload-Offset'))
    },
  })
  assert.ok(resumedAt > 1000000 && resumedAt < 1700000, `resumed at ${resumedAt}`)
  await check(id, bytes)
}

async function live() {
  const bytes = crypto.randomBytes(700001)
  const { id, options } = await session('live.m2ts')
  await run(stream.Readable.from([bytes.subarray(0, 300000), bytes.subarray(300000)], {
    objectMode: false,
  }), { ...options, chunkSize: 100000, uploadLengthDeferred: true })
  await check(id, bytes)
}

async function refused() {
  const { options } = await session('refused.mp4')
  options.metadata.token = 'eyJhbGciOi.wrong'
  const failure = await run(Buffer.from('x'), { ...options, retryDelays: null }).then(
    () => null,
    (error) => error,
  )
  assert.ok(failure, 'a wrong token was accepted')
  assert.strictEqual(failure.originalResponse.getStatus(), 500)
  assert.strictEqual(
    failure.originalResponse.getBody().trim(),
    'Error: token invalid (eyJhbGciOi.wrong)',
  )
}

async function main() {
  for (const story of [whole, resumed, live, refused]) {
    await story()
    console.log(`ok: ${story.name}`)
  }
}

main().then(
  () => {
    http.globalAgent.destroy()
    process.exit(0)
  },
  (error) => {
    console.error(`not ok: ${error.stack || error}`)
    process.exit(1)
  },
)
