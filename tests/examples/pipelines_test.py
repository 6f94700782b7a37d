#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command and program of README.md and docs/ that records, or looks after it, run as printed.

pipelines_test.py --plugin FOLDER --programs FOLDER --standin PROGRAM FILE...

Speaks TAP. Replaced are only: what is hardware, the names of other people's servers, by local
ones, and folders outside the test. Ctrl-C ends what would go on for ever (whatever has no
num-buffers). What is stored must have streams that ffprobe can decode. Must not know what a
pipeline is for.
"""

import argparse
import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import examples_test as examples
import gst
import printed
import servers
from bench import expect, run_case
from interop_test import probe
from servers import Unavailable

AT_A_TIME = 4  # they wait for the clock more than for the processor
PICTURE = "videotestsrc is-live=true"
HARDWARE = {
    "v4l2src": PICTURE,
    "ximagesrc use-damage=false": PICTURE,
    "autoaudiosrc": "audiotestsrc is-live=true",
    "gst-tus-record (?:screen|camera)": "gst-tus-record test",
}
SENDER = (
    "ffmpeg -loglevel error -re -f lavfi -i testsrc=rate=25:size=320x240 -f lavfi -i sine "
    "-c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p -c:a aac"
).split()


class Sender(servers.Server):
    """ffmpeg that sends a test picture with sound, again and again until the test is over."""

    name = "sender"

    def __init__(self, folder, *arguments):
        if not shutil.which("ffmpeg"):
            raise Unavailable("ffmpeg is not installed")
        super().__init__(folder)
        self.spawn(
            "bash", "-c", 'for i in $(seq 60); do timeout 30 "$@"; sleep 0.5; done', "sender",
            *SENDER, *arguments,
        )  # fmt: skip


class RtmpServer(servers.Server):
    """nginx with its RTMP module."""

    name = "rtmp"

    def __init__(self, folder):
        module = Path("/usr/lib/nginx/modules/ngx_rtmp_module.so")
        program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
        if not program or not module.exists():
            raise Unavailable("there is no RTMP server (libnginx-mod-rtmp)")
        super().__init__(folder)
        port = servers.free_port()
        config = self.folder / "nginx.conf"
        config.write_text(
            f"load_module {module};\ndaemon off; master_process off; worker_processes 1;\n"
            f"pid {self.folder}/pid; error_log stderr warn;\nevents {{ worker_connections 64; }}\n"
            f"rtmp {{ access_log off; server {{ listen 127.0.0.1:{port};"
            " application live { live on; } } }\n"
        )
        self.spawn(program, "-p", self.folder, "-c", config)
        self.wait_for_port(port)
        self.url = f"rtmp://127.0.0.1:{port}/live/door"


class PrintedStandIn(servers.StandIn):
    """The stand-in by a line of a page, on free ports; it answers for those that the page names."""

    def __init__(self, folder, here, line, program):
        servers.Server.__init__(self, folder)
        self.key = examples.KEY
        self.address = "http://" + re.search(r"--listen (\S+)", line).group(1)
        line = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", line.rstrip("& "))
        line = line.replace("gcore-standin", shlex.quote(str(program)), 1)
        self.folder = here / re.search(r"--dir (\S+)", line).group(1)
        self.spawn("bash", "-c", f"cd {shlex.quote(str(here))} && exec {line}")
        self.url = self.wait_for_url().rstrip("/")


def listens_to_datagrams(port):
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return any(line.split()[1].endswith(f":{port:04X}") for line in lines)


def with_servers(block, bench, standin):
    """The same, to and from local servers."""
    for there, here in HARDWARE.items():
        block = re.sub(rf"\b{there}\b", here, block)
    block = block.replace("GCORE_API_KEY='…'", f"GCORE_API_KEY={shlex.quote(examples.KEY)}")
    if isinstance(standin, PrintedStandIn):
        block = block.replace(standin.address, standin.url)
    block = block.replace("https://tus.example.org/files/", f"{standin.url}/files/")
    block = block.replace("https://api.gcore.com/", f"{standin.url}/")
    block = block.replace("bash examples/", f"bash {shlex.quote(str(examples.EXAMPLES))}/")
    if "rtsp://CAMERA/stream" in block:
        camera = bench.keep(examples.RtspCameras(bench.folder / "cameras", 0))
        block = block.replace("rtsp://CAMERA/", camera.url)
    if "srt://SENDER:7001" in block:
        port = servers.free_port()
        sender = bench.keep(
            Sender(bench.folder, "-f", "mpegts", f"srt://127.0.0.1:{port}?mode=listener")
        )
        # who calls before that is not answered, and srtsrc may not call again
        sender.wait_for(lambda: listens_to_datagrams(port), f"listen on port {port}")
        block = block.replace("srt://SENDER:7001", f"srt://127.0.0.1:{port}")
    if "srt://:7002" in block:
        address = f"srt://127.0.0.1:{servers.free_port()}"
        block = block.replace("srt://:7002", address)
        bench.keep(Sender(bench.folder, "-f", "mpegts", address))
    if "rtmp://SERVER/live/door" in block:
        server = bench.keep(RtmpServer(bench.folder))
        bench.keep(Sender(bench.folder, "-f", "flv", server.url))
        block = block.replace("rtmp://SERVER/live/door", server.url)
    if "rtmp://0.0.0.0:1935/" in block:
        address = f"rtmp://127.0.0.1:{servers.free_port()}/"
        block = block.replace("rtmp://0.0.0.0:1935/", address)
        bench.keep(Sender(bench.folder, "-t", "3", "-f", "flv", f"{address}live/talk"))
    return block


def make_files(folder, block):
    """The files that it reads, of three seconds."""
    quick = [word for word in SENDER if word != "-re"]
    for name in re.findall(r"filesrc location=(\S+)|-i ([\w.]+\.mov)", block):
        target = folder / (name[0] or name[1])
        subprocess.run(
            [*quick, "-t", "3", str(target)], check=True, timeout=examples.LONGEST,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip


def arrived(standin):
    with contextlib.suppress(OSError):
        return sum(upload["offset"] for upload in standin.get("/standin")["uploads"])
    return 0


def with_folders(command, here):
    """gst-tus-recover looks into none but the test's."""
    if not command.startswith("gst-tus-recover"):
        return command
    folders = {name: here / name.strip("/") for name in re.findall(r"(?<=\s)/\S+", command)}
    for name, folder in folders.items():
        folder.mkdir(parents=True)
        command = command.replace(name, str(folder))
    return command if folders else f"{command} {here}"


def is_recording(command):
    return not re.search(r"gst-tus-recover|gst-tus-check|gst-inspect|--list|--dry-run", command)


def interpreter(language, text):
    if language == "python":
        examples.need_bindings("Gst")
        return examples.SYSTEM_PYTHON
    if re.search(r"\bcurl ", text) and not shutil.which("curl"):
        raise Unavailable("curl is not installed")
    return "bash"


def start(bench, language, before, command, here):
    """The server, and what is recorded to it."""
    own = [line for line in before if line.startswith("gcore-standin")]
    if own:
        standin = bench.keep(PrintedStandIn(bench.folder, here, own[0], bench.arguments.standin))
    else:
        standin = bench.standin()
    lines = [line for line in before if line not in own] + [with_folders(command, here)]
    text = with_servers("\n".join(lines), bench, standin)
    make_files(here, text)
    environment = {**bench.environment(standin), "TOKEN": "any"}
    environment["PATH"] = f"{bench.arguments.programs}:{environment['PATH']}"
    process = subprocess.Popen(
        [interpreter(language, text), "-c", text], cwd=here, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    return standin, process


def end_by_hand(process, standin):
    """Ctrl-C, when something has arrived."""
    deadline = time.monotonic() + examples.LONGEST
    while process.poll() is None and not arrived(standin) and time.monotonic() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)  # as from a terminal


def run_as_printed(bench, language, before, command):
    bench.need(
        *set(re.findall(r"\b(\w+(?:src|enc|mux|demux|depay|parse))\b(?=[ \n])", command))
        - {"v4l2src", "ximagesrc", "autoaudiosrc"}
    )
    if "gst-tus-" in command:
        bench.need("x264enc", "avenc_aac", "mp4mux")
    here = bench.folder / "here"
    here.mkdir()
    standin, process = start(bench, language, before, command, here)
    try:
        if is_recording(command) and "num-buffers" not in command:
            end_by_hand(process, standin)
        elif "--watch" in command:
            time.sleep(3)  # nothing tells that it has begun
            os.killpg(process.pid, signal.SIGINT)
        said, _ = process.communicate(timeout=examples.LONGEST)
    finally:
        servers.stop(process)
    expect(process.returncode == 0, f"exit status {process.returncode}:\n{command}\n{said}")
    if is_recording(command):
        look_at_stored(standin, f"{command}\n{said}")


def look_at_stored(standin, what):
    stored = [path for path in standin.folder.iterdir() if not path.name.startswith(".")]
    expect(stored, f"nothing is complete:\n{what}")
    for path in stored:
        expect(probe(path)["streams"], f"no stream in {path.name}:\n{what}")


def cases(pages):
    for page in pages:
        for number, case in enumerate(printed.cases(page.read_text()), 1):
            name = re.sub(r"\W+", " ", case[-1])[:60].strip()
            yield (
                f"{page.name} {number}: {name}",
                lambda bench, case=case: run_as_printed(bench, *case),
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("plugin", "programs", "standin"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("pages", nargs="+", type=Path)
    arguments = parser.parse_args()
    arguments.standin = arguments.standin.resolve()
    arguments.programs = arguments.programs.resolve()
    chosen = [case for case in cases(arguments.pages) if arguments.match in case[0]]
    print(f"1..{len(chosen)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gst-tus-pipelines-") as folder:
        launcher = gst.Launcher(arguments.plugin.resolve(), Path(folder))
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            running = [
                (name, pool.submit(examples.with_bench(case, arguments, launcher, folder), None))
                for name, case in chosen
            ]
            good = [
                run_case(number, name, lambda _, future=future: future.result(), None)
                for number, (name, future) in enumerate(running, 1)
            ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
