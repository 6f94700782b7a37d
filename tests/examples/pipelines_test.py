#!/usr/bin/env python3
"""Every command and program of a page that makes a recording, run as printed.

pipelines_test.py --plugin FOLDER --standin PROGRAM FILE...

Speaks TAP. Replaced are only: what is hardware, and the names of other people's servers, by local
ones. Ctrl-C ends what would go on for ever (whatever has no num-buffers). What is stored must have streams that ffprobe can
decode. Must not know what a pipeline is for.
"""

import argparse
import contextlib
import os
import re
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
            f"rtmp {{ server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}\n"
        )
        self.spawn(program, "-p", self.folder, "-c", config)
        self.wait_for_port(port)
        self.url = f"rtmp://127.0.0.1:{port}/live/door"


MAKES_A_RECORDING = {"sh": "gst-launch-1.0|ffmpeg-to-gcore", "python": "Gst.parse_launch"}


def commands(path):
    """The blocks of a page that run a pipeline to its end, and their language; an ellipsis is not
    for running."""
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```", path.read_text(), re.MULTILINE | re.DOTALL)
    for language, block in blocks:
        if re.search(MAKES_A_RECORDING[language], block) and "…" not in block:
            yield language, block


def with_servers(block, bench, standin):
    """The same, to and from local servers."""
    for there, here in HARDWARE.items():
        block = re.sub(rf"\b{there}\b", here, block)
    block = block.replace("https://tus.example.org/files/", f"{standin.url}/files/")
    block = block.replace("https://api.gcore.com/", f"{standin.url}/")
    block = block.replace("bash examples/", f"bash {examples.EXAMPLES}/")
    if "rtsp://CAMERA/stream" in block:
        camera = bench.keep(examples.RtspCameras(bench.folder / "cameras", 0))
        block = block.replace("rtsp://CAMERA/", camera.url)
    if "srt://SENDER:7001" in block:
        address = f"srt://127.0.0.1:{servers.free_port()}"
        bench.keep(Sender(bench.folder, "-f", "mpegts", f"{address}?mode=listener"))
        block = block.replace("srt://SENDER:7001", address)
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


def interpreter(language, block):
    if language == "python":
        examples.need_bindings("Gst")
        return examples.SYSTEM_PYTHON
    if re.search(r"\bcurl ", block) and not shutil.which("curl"):
        raise Unavailable("curl is not installed")
    return "bash"


def run_as_printed(bench, language, block):
    program = interpreter(language, block)
    bench.need(
        *set(re.findall(r"\b(\w+(?:src|enc|mux|demux|depay|parse))\b(?=[ \n])", block))
        - {"v4l2src", "ximagesrc", "autoaudiosrc"}
    )
    standin = bench.standin()
    command = with_servers(block, bench, standin)
    here = bench.folder / "here"
    here.mkdir()
    make_files(here, command)
    environment = {**bench.environment(standin), "TOKEN": "any"}
    process = subprocess.Popen(
        [program, "-c", command], cwd=here, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + examples.LONGEST
        ends = "num-buffers" in block
        while process.poll() is None and time.monotonic() < deadline:
            if not ends and arrived(standin):
                break
            time.sleep(0.1)
        time.sleep(1)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)  # as from a terminal
        said, _ = process.communicate(timeout=examples.LONGEST)
    finally:
        servers.stop(process)
    expect(process.returncode == 0, f"exit status {process.returncode}:\n{command}\n{said}")
    stored = [path for path in standin.folder.iterdir() if not path.name.startswith(".")]
    expect(stored, f"nothing is complete:\n{command}\n{said}")
    for path in stored:
        streams = probe(path)["streams"]
        expect(streams, f"no stream in {path.name}:\n{command}\n{said}")


def cases(pages):
    for page in pages:
        for number, block in enumerate(commands(page), 1):
            name = re.sub(r"\W+", " ", block[1])[:60].strip()
            yield (
                f"{page.name} {number}: {name}",
                lambda bench, block=block: run_as_printed(bench, *block),
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("plugin", "standin"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("pages", nargs="+", type=Path)
    arguments = parser.parse_args()
    arguments.standin = arguments.standin.resolve()
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
