#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pipelines against real servers: what the server stored is what entered the sink. Speaks TAP.

interop_test.py --plugin FOLDER --standin PROGRAM GROUP...   (GROUP: see GROUPS below, or "all")

Must not know the project's sources; only what a user sees. GST_TUS_INTEROP_BYTES sets the size of
the volume cases.
"""

import argparse
import base64
import functools
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

import gst
import servers
from bench import Bench, expect, run_case, sha256
from servers import Unavailable

CHUNK = 65536
KEY = "4242$interop0key0marker0d16599c"
BEARER = "interop0bearer0marker0c1d2e3f"
TOKEN = "interop0token0marker04a5b6c7d"
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"  # what the stand-in's tokens begin with


class Sink:
    """A server together with the sink element that uploads to it."""

    def __init__(self, server, element, environment, identity):
        self.server, self.element, self.environment = server, element, environment
        self.identity = identity  # what in the run's messages says where the bytes went

    def stored(self, run):
        return self.server.stored(run.field(*self.identity))


class World(Bench):
    """The servers of one program run, started when first asked for."""

    @functools.cache
    def tusd(self, version="2"):
        return self.keep(servers.Tusd(self.folder, version))

    @functools.cache
    def node(self):
        return self.keep(servers.NodeServer(self.folder))

    @functools.cache
    def old_node(self, package, version):
        return self.keep(servers.OldNodeServer(self.folder, package, version))

    @functools.cache
    def aiohttp(self):
        return self.keep(servers.AiohttpTus(self.folder))

    @functools.cache
    def nginx(self, buffering):
        return self.keep(servers.Nginx(self.folder, self.tusd(), buffering))

    @functools.cache
    def standin(self):
        return self.keep(servers.StandIn(self.folder, self.arguments.standin, KEY))

    def tus_sink(self, server):
        return Sink(
            server,
            f"tussink endpoint={server.url} metadata=meta,token={TOKEN}",
            {"GST_TUS_AUTHORIZATION": f"Bearer {BEARER}"},
            ("tus-upload-complete", "upload-url"),
        )

    def gcore_sink(self, server):
        return Sink(
            server,
            f"gcoresink api-url={server.url} location=interop.bin",
            {"GCORE_API_KEY": KEY},
            ("gcore-video-created", "video-id"),
        )

    def sink(self, name):
        return {
            "tusd": lambda: self.tus_sink(self.tusd()),
            "tusd 1.13": lambda: self.tus_sink(self.tusd("1.13")),
            "@tus/server": lambda: self.tus_sink(self.node()),
            "tus-node-server 0.7.1": lambda: self.tus_sink(
                self.old_node("tus-node-server-07", "0.7.1")
            ),
            "tus-node-server 0.9.0": lambda: self.tus_sink(
                self.old_node("tus-node-server-09", "0.9.0")
            ),
            "aiohttp-tus": lambda: self.tus_sink(self.aiohttp()),
            "gcore-standin": lambda: self.gcore_sink(self.standin()),
            "tusd behind nginx, buffering on": lambda: self.tus_sink(self.nginx(True)),
            "tusd behind nginx, buffering off": lambda: self.tus_sink(self.nginx(False)),
        }[name]()

    def scratch(self):
        return Path(tempfile.mkdtemp(dir=self.folder))


DIRECT = ("tusd", "@tus/server", "gcore-standin")
PROXIED = ("tusd behind nginx, buffering on", "tusd behind nginx, buffering off")


def check_complete(run):
    check_no_secret(run.out + run.err, {KEY, BEARER, TOKEN, JWT})
    expect(run.status == 0, f"the pipeline failed: {run.tail()}")
    expect(len(run.messages("tus-upload-complete")) == 1, f"not said to be complete: {run.tail()}")


# --- every length arrives byte for byte -----------------------------------------------------------


def noise_arrives(world, length, server):
    sink = world.sink(server)
    scratch = world.scratch()
    sent = scratch / "noise"
    sent.write_bytes(random.Random(length).randbytes(length))
    run = world.launcher.run(
        f"filesrc location={sent} blocksize=10007 ! {sink.element} chunk-size={CHUNK}",
        environment=sink.environment,
    )
    check_complete(run)
    expect(int(run.field("tus-upload-complete", "bytes")) == length, run.tail())
    stored = sink.stored(run)
    expect(stored.stat().st_size == length, f"stored {stored.stat().st_size} of {length} bytes")
    expect(sha256(stored) == sha256(sent), "the hashes differ")
    stored.unlink()
    shutil.rmtree(scratch)


def bytes_cases():
    lengths = {
        "1234567 bytes": 1234567,
        "0 bytes": 0,
        "1 byte": 1,
        "exactly one chunk": CHUNK,
        "exactly four chunks": 4 * CHUNK,
    }
    for server in DIRECT + PROXIED:
        for name, length in lengths.items():
            yield f"{name} of noise to {server}", functools.partial(
                noise_arrives, length=length, server=server
            )


# --- real encoders and muxers ---------------------------------------------------------------------

VIDEO = (
    "videotestsrc num-buffers=150 pattern=ball ! video/x-raw,width=320,height=240,framerate=30/1 "
    "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=1000 key-int-max=30 ! h264parse "
    "! queue ! mux. "
)
MUXERS = {
    "fragmented mp4": (
        "mp4mux name=mux fragment-duration=500",
        "avenc_aac ! aacparse",
        "mp4",
        ("h264", "aac"),
    ),
    "matroska": ("matroskamux name=mux", "opusenc", "matroska", ("h264", "opus")),
    "mpeg-ts": ("mpegtsmux name=mux", "avenc_aac ! aacparse", "mpegts", ("h264", "aac")),
}


def probe(path):
    """The container's names and the codecs that ffprobe sees, having decoded everything."""
    if not shutil.which("ffprobe"):
        raise Unavailable("ffprobe is not installed")
    answer = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries",
         "format=format_name:stream=codec_name,nb_read_frames", "-of", "json", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    expect(answer.returncode == 0, f"ffprobe: {answer.stderr}")
    return json.loads(answer.stdout)


def recording_arrives(world, muxer, server):
    element, audio, container, codecs = MUXERS[muxer]
    sink = world.sink(server)
    world.need("x264enc", audio.split()[0], element.split()[0])
    scratch = world.scratch()
    run = world.launcher.run(
        f"{VIDEO} audiotestsrc num-buffers=235 ! audioconvert ! audioresample "
        f"! audio/x-raw,rate=48000,channels=2 ! {audio} ! queue ! mux. "
        f"{element} ! tee name=t t. ! queue ! {sink.element} flush-interval=200 "
        f"t. ! queue ! filesink location={scratch}/copy",
        environment=sink.environment,
    )
    check_complete(run)
    stored = sink.stored(run)
    expect(sha256(stored) == sha256(scratch / "copy"), "what is stored is not what was muxed")
    seen = probe(stored)
    expect(container in seen["format"]["format_name"], f"ffprobe says {seen}")
    expect(sorted(s["codec_name"] for s in seen["streams"]) == sorted(codecs), f"{seen}")
    frames = {s["codec_name"]: int(s["nb_read_frames"]) for s in seen["streams"]}
    expect(frames["h264"] == 150, f"{frames} of 150 pictures")
    stored.unlink()
    shutil.rmtree(scratch)


def media_cases():
    for muxer in MUXERS:
        for server in DIRECT:
            yield f"{muxer} with picture and sound to {server}", functools.partial(
                recording_arrives, muxer=muxer, server=server
            )


def existing_video_is_used(world):
    standin = world.standin()
    sink = world.gcore_sink(standin)
    first = world.launcher.run(
        f"{VIDEO} mpegtsmux name=mux ! {sink.element} wait-status=ready",
        environment=sink.environment,
    )
    check_complete(first)
    video = first.field("gcore-video-created", "video-id")
    status = standin.get(f"/streaming/videos/{video}")["status"]
    expect(status == "ready", f"the stand-in says {status}")
    expect(first.field("gcore-video-status", "status") == "ready", first.tail())


# --- while it is recorded -------------------------------------------------------------------------


def stored_size_grows(world):
    """One live picture to every server at once; each server's file grows at least every 2 s."""
    seconds, sinks = 12, []
    for name in DIRECT:
        try:
            sinks.append(world.sink(name))
        except Unavailable as why:
            print(f"# without {name}: {why}", flush=True)
    # A fresh folder listing tells which files are new.
    before = {sink.server: set(sink.server.folder.iterdir()) for sink in sinks}
    branches = " ".join(f"t. ! queue ! {sink.element}" for sink in sinks)
    environment = {key: value for sink in sinks for key, value in sink.environment.items()}
    process = world.launcher.start(
        f"videotestsrc is-live=true pattern=snow num-buffers={30 * seconds} "
        "! video/x-raw,width=640,height=360,framerate=30/1 "
        "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=4000 key-int-max=30 "
        f"! h264parse ! mpegtsmux ! tee name=t {branches}",
        environment=environment,
    )
    sizes, grew, longest = {}, {}, {}
    ended = threading.Event()

    def watch():
        while not ended.wait(0.05):
            now = time.monotonic()
            for sink in sinks:
                size = sum(
                    path.stat().st_size
                    for path in set(sink.server.folder.rglob("*"))
                    if path.is_file() and path not in before[sink.server]
                    and path.suffix not in (".info", ".json", ".lock")
                )  # fmt: skip
                name = sink.server.name
                if size > sizes.get(name, 0):
                    if name in grew:
                        longest[name] = max(longest.get(name, 0.0), now - grew[name])
                    grew[name] = now
                    sizes[name] = size

    watcher = threading.Thread(target=watch)
    watcher.start()
    run = world.launcher.finish(process, seconds + 60)
    ended.set()
    watcher.join()
    expect(run.status == 0, run.tail())
    expect(
        len(run.messages("tus-upload-complete")) == len(sinks), f"not all complete: {run.tail()}"
    )
    drained = int(run.field("tus-upload-complete", "drain-time")) / 1e9
    print(f"# longest without growth {longest}, last one complete {drained:.3f} s after EOS")
    for sink in sinks:
        expect(sizes.get(sink.server.name, 0) > 1000000, f"{sizes} bytes stored")
        gap = longest.get(sink.server.name, seconds)
        expect(gap <= 2.0, f"{sink.server.name} did not grow for {gap:.1f} s")


# --- requests that stay open ----------------------------------------------------------------------

# Whether bytes of a request that is still open get to the server.
STREAMING = {
    "tusd": True,
    "tusd 1.13": True,
    "@tus/server": True,
    "tus-node-server 0.9.0": True,
    "gcore-standin": True,
    "tusd behind nginx, buffering on": False,
    "tusd behind nginx, buffering off": True,
}


def open_requests_arrive(world, server):
    sink = world.sink(server)
    scratch = world.scratch()
    run = world.launcher.run(
        "videotestsrc is-live=true num-buffers=150 ! video/x-raw,width=320,height=240,framerate=30/1 "
        "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=30 ! h264parse "
        f"! mpegtsmux ! tee name=t t. ! queue ! {sink.element} request-mode=stream "
        f"location=open-{time.time_ns()}.ts "
        f"t. ! queue ! filesink location={scratch}/copy",
        environment=sink.environment,
    )
    check_complete(run)
    stalls = len(run.messages("tus-upload-stalled"))
    expect(stalls == 0, f"{stalls} outages: {run.tail()}")
    warned = "PATCH requests that stay open" in run.out + run.err
    expect(warned != STREAMING[server], f"warned: {warned}: {run.tail()}")
    stored = sink.stored(run)
    expect(sha256(stored) == sha256(scratch / "copy"), "what is stored is not what was muxed")
    stored.unlink()
    shutil.rmtree(scratch)


def open_cases():
    for server in STREAMING:
        yield f"open requests to {server}", functools.partial(open_requests_arrive, server=server)


# --- servers that are odd, and are out there ------------------------------------------------------


def odd_server_is_believed_late(world, server, outage):
    """Default properties, real encoders; in the end the server itself calls the upload complete."""
    sink = world.sink(server)
    scratch = world.scratch()
    before = len(sink.server.completed())
    process = world.launcher.start(
        "videotestsrc is-live=true num-buffers=150 ! video/x-raw,width=320,height=240,framerate=30/1 "
        "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=2000 key-int-max=30 ! h264parse "
        f"! matroskamux ! tee name=t t. ! queue ! {sink.element} location=odd-{time.time_ns()}.mkv "
        f"t. ! queue ! filesink location={scratch}/copy",
        environment=sink.environment,
    )
    if outage:
        time.sleep(2)
        sink.server.stop()
        time.sleep(1)
        sink.server.restart()
    run = world.launcher.finish(process, 40)
    check_complete(run)
    # It may say so a moment after its answer.
    deadline = time.monotonic() + 5
    while len(sink.server.completed()) == before and time.monotonic() < deadline:
        time.sleep(0.05)
    said = sink.server.completed()[before:]
    expect(len(said) == 1, f"the server calls {len(said)} uploads complete: {run.tail()}")
    stored = sink.stored(run)
    expect(sha256(stored) == sha256(scratch / "copy"), "what is stored is not what was muxed")
    stored.unlink()
    shutil.rmtree(scratch)


def odd_cases():
    for server in ("tus-node-server 0.9.0", "aiohttp-tus", "tus-node-server 0.7.1", "tusd 1.13"):
        for outage in (False, True):
            yield f"{server} has all{' after an outage' if outage else ''}", functools.partial(
                odd_server_is_believed_late, server=server, outage=outage
            )


# --- volume ---------------------------------------------------------------------------------------


# The stand-in in each length mode. Parts can be joined only where they are stored.
VOLUME_MODES = {
    "gcore-standin --discard": ("--discard",),
    "gcore-standin in parts": ("--no-examine", "--extensions", "creation,concatenation"),
    "gcore-standin from disk": ("--discard", "--extensions", "creation"),
}


def need_disk(folder, total):
    """What is kept until the end, what is stored, and once more what is joined."""
    free = shutil.disk_usage(folder).free
    if free < 3 * total + (1 << 30):
        raise Unavailable(f"{free >> 30} GiB of disk are too little for {total >> 20} MiB")


def volume_arrives(world, server):
    """Streamed through a pipe, hashed on the way; only the server may store it."""
    total = int(os.environ.get("GST_TUS_INTEROP_BYTES") or 256 << 20)
    need_disk(world.folder, total)
    if server in VOLUME_MODES:
        standin = world.keep(
            servers.StandIn(world.scratch(), world.arguments.standin, KEY, *VOLUME_MODES[server])
        )
        sink = world.gcore_sink(standin)
    else:
        sink = world.sink(server)
    started = time.monotonic()
    process = world.launcher.start(
        f"fdsrc fd=0 blocksize=1048576 ! {sink.element}",
        environment=sink.environment,
        stdin=subprocess.PIPE,
    )
    digest = hashlib.sha256()

    def feed():
        block = bytearray(random.Random(total).randbytes(1 << 20))
        try:
            for number in range(total >> 20):
                block[:8] = number.to_bytes(8, "little")
                digest.update(block)
                process.stdin.write(block)
        except BrokenPipeError:
            pass

    # In a thread of its own, so that a sink that takes nothing any more cannot hold up the test.
    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    feeder.join(60 + (total >> 20) / 10)
    if feeder.is_alive():
        servers.stop(process)
    # Parts are joined by copying them.
    run = world.launcher.finish(process, 120 + (total >> 20) / 10, started)
    check_complete(run)
    print(f"# {total >> 20} MiB in {run.seconds:.1f} s")
    if "--discard" in VOLUME_MODES.get(server, ()):
        said = discarded_hash(sink, run)
    else:
        stored = sink.stored(run)
        said = sha256(stored)
        stored.unlink()
    expect(said == digest.hexdigest(), "the hashes differ")


class FarUpload(servers.Background):
    """An upload that has more than 32 bits of bytes already, and notes which offsets it is told."""

    BEGIN = (1 << 32) - 1000

    def __init__(self):
        self.size, self.length, self.digest = self.BEGIN, None, hashlib.sha256()
        self.told = []
        upload = self

        class Answers(servers.Handler):
            def answer(self, status, *headers):
                self.send_response(status)
                for header in (("Tus-Resumable", "1.0.0"), ("Content-Length", "0"), *headers):
                    self.send_header(*header)
                self.end_headers()

            def do_OPTIONS(self):
                extensions = "creation,creation-defer-length,termination"
                self.answer(204, ("Tus-Version", "1.0.0"), ("Tus-Extension", extensions))

            def do_HEAD(self):
                known = ("Upload-Defer-Length", "1")
                if upload.length is not None:
                    known = ("Upload-Length", str(upload.length))
                self.answer(
                    200, ("Upload-Offset", str(upload.size)), known, ("Cache-Control", "no-store")
                )

            def do_PATCH(self):
                upload.told.append(int(self.headers["Upload-Offset"]))
                if "Upload-Length" in self.headers:
                    upload.length = int(self.headers["Upload-Length"])
                body = self.body()
                upload.digest.update(body)
                upload.size += len(body)
                self.answer(204, ("Upload-Offset", str(upload.size)))

        super().__init__(Answers)


def continued_far_away(world):
    """Across the border of 32 bits, in small requests: each offset, and the length in the end."""
    sent = world.scratch() / "noise"
    sent.write_bytes(random.Random(1).randbytes(5 * CHUNK))
    server = world.keep(FarUpload())
    run = world.launcher.run(
        f"filesrc location={sent} blocksize=1000 ! tussink chunk-size={CHUNK} "
        f"max-chunk-size={CHUNK} endpoint={server.url}/files/ upload-url={server.url}/files/1"
    )
    check_complete(run)
    expect(server.told[0] == FarUpload.BEGIN and len(server.told) >= 5, f"{server.told}")
    expect(server.length == server.size == FarUpload.BEGIN + 5 * CHUNK, f"{server.length}")
    expect(server.digest.hexdigest() == sha256(sent), "the hashes differ")


def discarded_hash(sink, run):
    path = urllib.parse.urlparse(run.field("tus-upload-complete", "upload-url")).path
    uploads = sink.server.get("/standin")["uploads"]
    return next(upload["sha256"] for upload in uploads if path.endswith(upload["id"]))


# --- failures that a user sees --------------------------------------------------------------------

TO_NOWHERE = (
    "videotestsrc num-buffers=300 ! x264enc speed-preset=ultrafast ! h264parse ! mpegtsmux "
    "! gcoresink video-name=test"
)


def fails_clearly(world, words, prepare, outage=None, key=KEY):
    """Non-zero exit and one error that says what is wrong, without the key; no endless try."""
    prepared = prepare(world)
    url = prepared if isinstance(prepared, str) else prepared.url
    try:
        run = world.launcher.run(
            f"{TO_NOWHERE} api-url={url}" + (f" outage-timeout={outage}" if outage else ""),
            environment={"GCORE_API_KEY": key},
            timeout=40,
        )
    finally:
        if isinstance(prepared, servers.Background):
            prepared.stop()
    expect("stopped by the test" not in run.err, f"it went on for ever: {run.tail()}")
    expect(run.status != 0, f"exit status 0: {run.tail()}")
    # What elements before the sink say of its refusal is no news, and depends on the moment.
    errors = [line for line in run.errors() if "Internal data stream error" not in line]
    expect(len(errors) == 1, f"{len(errors)} error lines: {run.tail()}")
    expect("GcoreSink" in errors[0], f"not from the sink: {errors[0]}")
    print(f"# after {run.seconds:.1f} s: {errors[0]}")
    said = run.err.lower()
    expect(any(word in said for word in words), f"none of {words}: {run.err}")
    check_no_secret(run.out + run.err, {key})


def error_cases():
    page = b"<html><body><h1>It works!</h1></body></html>"
    rows = [
        ("a wrong key", ("key",), lambda w: w.standin(), None, "4242$wrong0key0marker"),
        ("no key", ("key",), lambda w: w.standin(), None, ""),
        ("403 to everything", ("403",), lambda w: servers.Grumpy(403, b"no"), None, KEY),
        ("400 to everything", ("400",), lambda w: servers.Grumpy(400, b"bad"), None, KEY),
        ("500 to everything", ("500",), lambda w: servers.Grumpy(500, b"oops"), 3, KEY),
        (
            "a web page to everything",
            ("web page",),
            lambda w: servers.Grumpy(200, page, "text/html"),
            3,
            KEY,
        ),
        (
            "nobody listening",
            ("nobody", "refused"),
            lambda w: f"http://127.0.0.1:{servers.free_port()}",
            3,
            KEY,
        ),
        (
            "an unknown host",
            ("can not be found", "unknown"),
            lambda w: "https://no-such-host.invalid",
            3,
            KEY,
        ),
    ]
    for name, words, prepare, outage, key in rows:
        yield f"{name}: exits with one clear error", functools.partial(
            fails_clearly, words=words, prepare=prepare, outage=outage, key=key
        )


# --- secrets --------------------------------------------------------------------------------------


def disguises(secret):
    """The secret and what it looks like in base64, at each of the three alignments."""
    raw = secret.encode()
    yield raw
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        # The first and last group depend on the neighbours; a long secret has enough between.
        yield encoded[4:-4]


def check_no_secret(text, secrets):
    data = text if isinstance(text, bytes) else text.encode()
    for secret in secrets:
        if not secret:
            continue
        for form in disguises(secret):
            at = data.find(form)
            if at >= 0:
                around = data[max(0, at - 200) : at].decode(errors="replace")
                raise AssertionError(f"a secret appears after: {around}")


def secrets_stay_inside(world, fails):
    standin = world.standin()
    spy = world.keep(servers.Eavesdropper(standin, spoil=fails))
    scratch = world.scratch()
    log, dots = scratch / "debug.log", scratch / "dots"
    dots.mkdir()
    run = world.launcher.run(
        "videotestsrc num-buffers=30 ! video/x-raw,width=160,height=120 ! x264enc "
        f"speed-preset=ultrafast ! h264parse ! mpegtsmux ! gcoresink api-url={spy.url} "
        f"location=interop.m2ts drain-timeout=20",
        environment={
            "GCORE_API_KEY": KEY,
            "GST_DEBUG": "*:9",
            "GST_DEBUG_NO_COLOR": "1",
            "GST_DEBUG_FILE": str(log),
            "GST_DEBUG_DUMP_DOT_DIR": str(dots),
            "G_MESSAGES_DEBUG": "all",
        },
        options=("-e", "-v", "-m"),
        timeout=120,
    )
    expect(spy.tokens, f"no token was handed out: {run.tail()}")
    if fails:
        expect(run.status != 0 and run.errors(), f"did not fail: {run.tail()}")
        print(f"# {run.errors()[0]}")
    else:
        check_complete(run)
    pictures = list(dots.glob("*.dot"))
    expect(pictures, "no dot dump was written")
    # What may be seen is there, so what may not would have been.
    expect(b"interop.m2ts" in log.read_bytes(), "the debug log says nothing of this run")
    expect(any(b"interop.m2ts" in path.read_bytes() for path in pictures), "empty dot dumps")
    for data in [run.out + run.err, log.read_bytes()] + [path.read_bytes() for path in pictures]:
        check_no_secret(data, {KEY} | spy.tokens)
    shutil.rmtree(scratch)


# --- the client that Gcore supports, against our stand-in -----------------------------------------


def js_client_uploads(world):
    script = servers.HERE / "tus_js_client.js"
    if not shutil.which("node") or not (servers.HERE / "node_modules" / "tus-js-client").is_dir():
        raise Unavailable("tus-js-client is not installed (Node.js or npm is missing)")
    standin = world.standin()
    answer = subprocess.run(
        ["node", str(script), standin.url, KEY],
        capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    for line in (answer.stdout + answer.stderr).splitlines()[-20:]:
        print(f"# {line}")
    expect(answer.returncode == 0, f"exit {answer.returncode}")


GROUPS = {
    "bytes": bytes_cases,
    "media": lambda: [
        *media_cases(),
        ("gcore-standin plays a recording", existing_video_is_used),
    ],
    "live": lambda: [("the stored size grows at least every 2 s", stored_size_grows)],
    "open": open_cases,
    "odd": odd_cases,
    "volume": lambda: [
        (f"volume to {server}", functools.partial(volume_arrives, server=server))
        for server in (*DIRECT[:2], *VOLUME_MODES)
    ]
    + [("an upload is continued beyond 4 GiB", continued_far_away)],
    "errors": error_cases,
    "secrets": lambda: [
        (
            "nothing shows a secret of a run that succeeds",
            functools.partial(secrets_stay_inside, fails=False),
        ),
        (
            "nothing shows a secret of a run that fails",
            functools.partial(secrets_stay_inside, fails=True),
        ),
    ],
    "clients": lambda: [("tus-js-client 2.3.2 uploads and resumes", js_client_uploads)],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--plugin", required=True, type=Path)
    parser.add_argument("--standin", required=True, type=Path)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("groups", nargs="*", default=["all"])
    arguments = parser.parse_args()
    groups = GROUPS if arguments.groups == ["all"] else arguments.groups
    cases = [
        case for group in groups for case in GROUPS[group]() if arguments.match in case[0]
    ]
    print(f"1..{len(cases)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gst-tus-interop-") as folder:
        world = World(arguments, gst.Launcher(arguments.plugin, Path(folder)), Path(folder))
        try:
            good = [
                run_case(number, name, case, world)
                for number, (name, case) in enumerate(cases, 1)
            ]
        finally:
            world.stop()
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
