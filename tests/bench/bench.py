#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Measures gst-tus beside its peers: pairs in turn, medians with their spread, ratios of one run.

bench.py --build FOLDER [--quick] [--into FOLDER] [NAME...]

Writes FOLDER/NAME.json for each bench, and with all that is there docs/performance.md and its
pictures (report.py). Nothing is asserted but that the programs work: --quick does that in seconds,
and speaks TAP. What is not installed, or cannot be had on this machine, is said.
"""

import argparse
import contextlib
import json
import os
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import report

HERE = Path(__file__).resolve().parent
KEY = "1$bench"


class Missing(Exception):
    """This machine does not have what the bench, or a peer, needs."""


class Bench:
    def __init__(self, build, quick, scratch):
        self.build, self.quick, self.scratch = build, quick, scratch
        self.runs = 1 if quick else 5
        self.environment = {
            **os.environ,
            "GST_PLUGIN_PATH": str(build / "plugin"),
            "GST_REGISTRY": str(scratch / "registry.bin"),
            "XDG_STATE_HOME": str(scratch / "state"),
            "GST_DEBUG": "",
        }
        self.run(["gst-inspect-1.0", "tussink"])  # the registry is made once

    def program(self, name):
        return self.build / "tests" / "bench" / f"bench-{name}"

    def run(self, command, longest=300, **more):
        """CPU seconds, wall seconds, peak MiB, and what was printed."""
        with open(self.scratch / "said", "w+b") as said:
            begin = time.monotonic()
            process = subprocess.Popen(
                [str(word) for word in command], stdout=said, stderr=subprocess.STDOUT,
                stdin=more.pop("stdin", subprocess.DEVNULL), env={**self.environment, **more},
            )  # fmt: skip
            longest = min(longest, 20) if self.quick else longest
            stop = begin + longest
            while True:
                pid, status, usage = os.wait4(process.pid, os.WNOHANG)
                if pid:
                    break
                if time.monotonic() > stop:
                    process.kill()
                    os.waitpid(process.pid, 0)
                    raise Missing(f"{command[0]} did not end in {longest} s")
                time.sleep(0.002)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall = time.monotonic() - begin
            said.seek(0)
            text = said.read().decode(errors="replace")
        if process.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}: {text[-600:]}")
        return {
            "cpu": usage.ru_utime + usage.ru_stime, "wall": wall, "rss": usage.ru_maxrss / 1024,
            "said": text,
        }  # fmt: skip

    def file(self, megabytes):
        path = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else self.scratch)
        path = path / f"gst-tus-bench-{os.getpid()}-{megabytes}"
        with open(path, "wb") as out:
            block = os.urandom(1 << 20)
            for _ in range(megabytes):
                out.write(block)
        return path

    @contextlib.contextmanager
    def discard(self, *before, address="127.0.0.1"):
        """A server that keeps nothing: its port. `before`: words that run it elsewhere."""
        server = subprocess.Popen(
            [*before, str(self.program("discard")), address], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )  # fmt: skip
        try:
            yield int(server.stdout.readline())
        finally:
            server.stdin.close()
            server.wait(10)

    @contextlib.contextmanager
    def standin(self, *options):
        folder = self.scratch / "standin"
        server = subprocess.Popen(
            [str(self.build / "examples/standin/gcore-standin"), "--dir", str(folder), "--api-key",
             KEY, "--no-examine", *options], stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            url = server.stdout.readline().split()[-1]
            yield url, server
        finally:
            server.terminate()
            server.wait(10)
            subprocess.run(["rm", "-rf", str(folder)], check=False)

    def pairs(self, peers, metrics):
        """Each peer in turn, so often; a peer that is missing is told in place of its figures."""
        rows = {name: {metric: [] for metric in metrics} for name in peers}
        for _ in range(self.runs):
            for name, measure in peers.items():
                if "missing" in rows[name]:
                    continue
                try:
                    seen = measure()
                except (Missing, FileNotFoundError) as error:
                    rows[name] = {"missing": str(error)}
                    continue
                for metric in metrics:
                    rows[name][metric].append(seen[metric])
        return rows


def need_element(bench, name):
    try:
        bench.run(["gst-inspect-1.0", name])
    except RuntimeError:
        raise Missing(f"no {name} here") from None


def tus_js_client():
    folder = HERE.parent / "interop" / "node_modules" / "tus-js-client"
    if not folder.is_dir():
        raise Missing("no tus-js-client here")
    return json.loads((folder / "package.json").read_text())["version"]


def sink(url, more=""):
    return f"tussink endpoint={url} flush-interval=1000 {more}".split()


# --- the benches ----------------------------------------------------------------------------------


def throughput(bench):
    """A file in memory over loopback to a server that discards it."""
    file = bench.file(20 if bench.quick else 1000)
    try:
        with bench.discard() as port:
            url = f"http://127.0.0.1:{port}/files/"

            def launch(*words):
                return bench.run(["gst-launch-1.0", "-q", "filesrc", f"location={file}",
                                  "blocksize=65536", "!", *words])  # fmt: skip

            def curlhttp():
                need_element(bench, "curlhttpsink")
                return launch("curlhttpsink", f"location={url}x")

            def js():
                tus_js_client()
                return bench.run(["node", HERE / "tus_js_upload.js", url, file, 8 << 20])

            launch(*sink(url))  # this server is known from here on
            return bench.pairs(
                {
                    "libsoup": lambda: bench.run([bench.program("ceiling"), f"{url}x", file]),
                    "libsoup, and SHA-256": lambda: bench.run(
                        [bench.program("ceiling"), f"{url}x", file, "sha256"]),
                    "tussink, never": lambda: launch(*sink(url, "spool-mode=never")),
                    "tussink (default)": lambda: launch(*sink(url)),
                    "tussink, always": lambda: launch(*sink(url, "spool-mode=always")),
                    "tus-js-client": js,
                    "curlhttpsink": curlhttp,
                    "curl -T": lambda: bench.run(["curl", "-sS", "-o", "/dev/null", "-T", file,
                                                  f"{url}x"]),  # fmt: skip
                },
                ["cpu", "wall", "rss"],
            )
    finally:
        file.unlink()


def checksums(bench):
    """The same with a checksum of each request, which the server does not look at."""
    file = bench.file(20 if bench.quick else 1000)
    words = ["gst-launch-1.0", "-q", "filesrc", f"location={file}", "blocksize=65536", "!"]
    try:
        with bench.discard() as port:
            ours = sink(f"http://127.0.0.1:{port}/files/", "spool-mode=never")
            bench.run([*words, *ours])
            return bench.pairs(
                {
                    f"checksum={name}": lambda name=name: bench.run(
                        [*words, *ours, f"checksum={name}"])
                    for name in ("none", "sha1", "sha256")
                },
                ["cpu", "wall", "rss"],
            )  # fmt: skip
    finally:
        file.unlink()


def tls(bench):
    """A file in memory over TLS, to the stand-in, whose own work is not counted."""
    file = bench.file(10 if bench.quick else 200)
    certificate, key = bench.scratch / "cert.pem", bench.scratch / "key.pem"
    try:
        bench.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                   "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate])
        with bench.standin("--tls-cert", str(certificate), "--tls-key", str(key)) as (url, _):
            words = ["gst-launch-1.0", "-q", "filesrc", f"location={file}", "blocksize=65536", "!"]
            ours = sink(f"{url}/files/", f"ssl-ca-file={certificate}")
            bench.run([*words, *ours])
            return bench.pairs(
                {
                    "libsoup": lambda: bench.run([bench.program("ceiling"), f"{url}/files/", file,
                                                  "tus"]),
                    "libsoup, and SHA-256": lambda: bench.run(
                        [bench.program("ceiling"), f"{url}/files/", file, "tus", "sha256"]),
                    "tussink, never": lambda: bench.run([*words, *ours, "spool-mode=never"]),
                    "tussink (default)": lambda: bench.run([*words, *ours]),
                },
                ["cpu", "wall", "rss"],
            )  # fmt: skip
    finally:
        file.unlink()


def render(bench, sinks, rate, seconds, element, during=None):
    process = subprocess.Popen(
        [str(bench.program("render")), str(sinks), str(rate), str(seconds), element],
        stdout=subprocess.PIPE, env=bench.environment, text=True,
    )  # fmt: skip
    try:
        if process.stdout.readline().strip() != "playing":
            raise RuntimeError(f"{element} does not play")
        if during:
            during()
        said = process.stdout.read()
        if process.wait(120) != 0:
            raise RuntimeError(f"{element}: {said}")
        return json.loads(said)
    finally:
        process.kill()
        process.wait()


RENDER = ["p50", "p99", "p999", "max", "late"]


def latency(bench):
    """How long a push into the sink takes, at 20 Mbit/s live; the server is away in between."""
    seconds, away = (3, 1) if bench.quick else (30, 20)
    with bench.standin() as (url, server):
        ours = " ".join(sink(f"{url}/files/"))
        render(bench, 1, 20, 1, ours)

        def outage():
            time.sleep(min(3, seconds / 5))
            server.send_signal(signal.SIGUSR1)
            time.sleep(away)
            server.send_signal(signal.SIGUSR2)

        bench.runs = min(bench.runs, 3)
        return bench.pairs(
            {
                "filesink": lambda: render(
                    bench, 1, 20, seconds, f"filesink location={bench.scratch}/copy"),
                "tussink": lambda: render(bench, 1, 20, seconds, ours),
                f"tussink, server away {away} s": lambda: render(
                    bench, 1, 20, seconds, ours, outage),
            },
            RENDER,
        )  # fmt: skip


def sinks(bench):
    """Sinks of 8 Mbit/s in one process."""
    seconds = 2 if bench.quick else 12
    bench.runs = min(bench.runs, 3)
    with bench.discard() as port:
        ours = " ".join(sink(f"http://127.0.0.1:{port}/files/"))
        render(bench, 1, 8, 1, ours)
        counts = [1, 3] if bench.quick else [1, 10, 50, 100]
        peers = {
            str(count): lambda count=count: render(bench, count, 8, seconds, ours)
            for count in counts
        }
        most = counts[-1]
        # what so many threads do to each other on this machine, with a sink that does nothing
        peers[f"{most}, fakesink"] = lambda: render(bench, most, 8, seconds, "fakesink sync=false")
        return bench.pairs(
            peers,
            [*RENDER, "cpu_per_mbit", "rss_per_sink", "threads_per_sink", "eos"],
        )


def requests(bench):
    """A live recording of 8 Mbit/s: what smaller requests cost."""
    seconds = 2 if bench.quick else 10
    bench.runs = min(bench.runs, 3)
    with bench.discard() as port:
        url = f"http://127.0.0.1:{port}/"

        def counted():
            with urllib.request.urlopen(url, timeout=10) as answer:
                return [int(word) for word in answer.read().split()]

        def seen(flush):
            before = counted()
            said = render(
                bench, 1, 8, seconds, f"tussink endpoint={url}files/ flush-interval={flush}")
            count, size = (after - then for after, then in zip(counted(), before))
            return {"cpu_per_mbit": said["cpu_per_mbit"], "requests": count / seconds,
                    "request_bytes": size / count, "eos": said["eos"]}  # fmt: skip

        seen(1000)
        return bench.pairs(
            {f"flush-interval={flush}": lambda flush=flush: seen(flush)
             for flush in ([200] if bench.quick else [1000, 200, 50, 0])},
            ["requests", "request_bytes", "cpu_per_mbit", "eos"],
        )  # fmt: skip


class Line:
    """Two network namespaces with a line between them; the server is in the second one."""

    def __init__(self, bench, rate, round_trip, queue):
        if os.geteuid() != 0 or not os.path.exists("/dev/net/tun"):
            raise Missing("network namespaces and /dev/net/tun need root")
        self.names = [f"gst-tus-bench-{os.getpid()}-{end}" for end in "ab"]
        self.bench, self.link = bench, None
        try:
            for name in self.names:
                subprocess.run(["ip", "netns", "add", name], check=True, capture_output=True)
                self.ip(name, "link", "set", "lo", "up")
            self.link = subprocess.Popen(
                [str(bench.program("link")), *self.names, str(rate), str(round_trip / 2),
                 str(queue)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )  # fmt: skip
            if self.link.stdout.readline().strip() != "ready":
                raise Missing("no TUN device can be made here")
            for number, name in enumerate(self.names, 1):
                self.ip(name, "addr", "add", f"198.18.0.{number}/30", "dev", "line")
                self.ip(name, "link", "set", "line", "up")
        except (OSError, subprocess.CalledProcessError) as error:
            self.close()
            raise Missing(f"no network namespaces here: {error}") from None
        except Missing:
            self.close()
            raise

    def ip(self, name, *words):
        subprocess.run(["ip", "-n", name, *words], check=True, capture_output=True)

    def inside(self, end):
        return ["ip", "netns", "exec", self.names[end]]

    def close(self):
        if self.link:
            self.link.stdin.close()
            self.link.wait(10)
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def on_lines(bench, lines, measure_peers, metrics):
    """The peers on each line: rows "peer, line"."""
    rows = {}
    bench.runs = min(bench.runs, 3)
    for label, (rate, round_trip, queue) in lines.items():
        try:
            line = Line(bench, rate, round_trip, queue)
        except Missing as error:
            rows[label] = {"missing": str(error)}
            continue
        try:
            with bench.discard(*line.inside(1), address="198.18.0.2") as port:
                peers = measure_peers(line, f"http://198.18.0.2:{port}/files/")
                for name, row in bench.pairs(peers, metrics).items():
                    rows[f"{label}: {name}"] = row
        finally:
            line.close()
    return rows


def line(bench):
    """60 MB over 50 Mbit/s: share of the line, over round trips and queues."""
    megabytes = 2 if bench.quick else 60
    file = bench.file(megabytes)
    lines = {"20 ms": (50, 20, 100)} if bench.quick else {
        f"{trip} ms, queue of {queue}": (50, trip, queue)
        for trip in (20, 100, 200) for queue in (25, 1000)
    }  # fmt: skip

    def peers(net, url):
        def share(command):
            return {"share": megabytes * 8 * 1.048576 / 50 / bench.run(command, 120)["wall"]}

        return {
            "tussink": lambda: share([*net.inside(0), "gst-launch-1.0", "-q", "filesrc",
                                      f"location={file}", "!", *sink(url)]),
            "curl": lambda: share([*net.inside(0), "curl", "-sS", "-o", "/dev/null", "-T", file,
                                   f"{url}x"]),
        }  # fmt: skip

    try:
        return on_lines(bench, lines, peers, ["share"])
    finally:
        file.unlink()


def backlog(bench):
    """60 and 240 MB that wait, over 50 Mbit/s at 200 ms: what the line is without the start."""
    sizes = [2, 4] if bench.quick else [60, 240]
    bench.runs = 1
    files = {megabytes: bench.file(megabytes) for megabytes in sizes}

    def peers(net, url):
        def wall(*words):
            return bench.run([*net.inside(0), *words], 120)

        def ours(file):
            return wall("gst-launch-1.0", "-q", "filesrc", f"location={file}", "!", *sink(url))

        def curl(file):
            return wall("curl", "-sS", "-o", "/dev/null", "-T", file, f"{url}x")

        return {
            f"{megabytes} MB: {name}": lambda file=file, measure=measure: measure(file)
            for name, measure in (("tussink", ours), ("curl", curl))
            for megabytes, file in files.items()
        }

    try:
        trip = 20 if bench.quick else 200
        return on_lines(bench, {f"{trip} ms": (50, trip, 1000)}, peers, ["wall"])
    finally:
        for file in files.values():
            file.unlink()


def eos(bench):
    """A live recording of 8 Mbit/s: from its end until it is complete, over round trips."""
    seconds = 2 if bench.quick else 8
    trips = [20] if bench.quick else [1, 20, 50, 100, 200]

    def peers(net, url):
        def ours(flush):
            inside = [*net.inside(0), str(bench.program("render")), "1", "8", str(seconds),
                      f"tussink endpoint={url} flush-interval={flush}"]  # fmt: skip
            said = bench.run(inside)["said"]
            return {"eos": json.loads(said.splitlines()[-1])["eos"]}

        def record_then_curl():
            copy = bench.scratch / "recording"
            copy.write_bytes(os.urandom(seconds * 1_000_000))
            wall = bench.run([*net.inside(0), "curl", "-sS", "-o", "/dev/null", "-T", copy,
                              f"{url}x"])["wall"]  # fmt: skip
            return {"eos": wall * 1000}

        return {
            "tussink": lambda: ours(1000),
            "tussink flush-interval=200": lambda: ours(200),
            "record, then curl": record_then_curl,
        }

    return on_lines(bench, {f"{trip} ms": (20, trip, 1000) for trip in trips}, peers, ["eos"])


def live(bench):
    """A live recording of 0.85 of a line of 50 Mbit/s: from its end until it is complete."""
    durations = [2] if bench.quick else [10, 30]
    trips = [20] if bench.quick else [20, 200]

    def peers(net, url):
        def ours(seconds):
            inside = [*net.inside(0), str(bench.program("render")), "1", "42.5", str(seconds),
                      f"tussink endpoint={url}"]  # fmt: skip
            said = json.loads(bench.run(inside)["said"].splitlines()[-1])
            return {"eos": said["eos"], "late": said["late"]}

        return {
            f"{seconds} s": lambda seconds=seconds: ours(seconds) for seconds in durations
        }

    return on_lines(
        bench, {f"{trip} ms": (50, trip, 1000) for trip in trips}, peers, ["eos", "late"])


def length(bench):
    """One recording of so many bytes: what it costs does not grow with it."""
    bench.runs = 1
    with bench.discard() as port:
        ours = sink(f"http://127.0.0.1:{port}/files/", "spool-mode=never")
        rows = {}
        for megabytes in [10, 20] if bench.quick else [1000, 4000, 10000]:
            words = ["gst-launch-1.0", "-q", "fakesrc", f"num-buffers={megabytes * 16}",
                     "sizetype=fixed", "sizemax=65536", "!", *ours]  # fmt: skip
            seen = bench.run(words)
            rows[f"{megabytes} MiB"] = {
                "cpu_per_gb": [seen["cpu"] / megabytes * 1000], "rss": [seen["rss"]]
            }  # fmt: skip
        return rows


def recovery(bench):
    """gst-tus-recover of a spool, beside a hash and curl of the same bytes."""
    megabytes = 10 if bench.quick else 2000
    file = bench.file(megabytes)
    bench.runs = 1
    try:
        with bench.discard() as port:
            url = f"http://127.0.0.1:{port}/files/"
            spool = bench.scratch / "spool"
            kept(bench, file, spool, port)
            return bench.pairs(
                {
                    "sha256sum": lambda: bench.run(["sha256sum", file]),
                    "curl -T": lambda: bench.run(["curl", "-sS", "-o", "/dev/null", "-T", file,
                                                  f"{url}x"]),
                    "gst-tus-recover": lambda: bench.run(
                        [bench.build / "src/gst-tus-recover", spool]),
                },
                ["cpu", "wall", "rss"],
            )  # fmt: skip
    finally:
        file.unlink()


def kept(bench, file, spool, port):
    """A recording whose program was killed when all of it was on disk, and paused."""
    process = subprocess.Popen(
        ["gst-launch-1.0", "-q", "filesrc", f"location={file}", "!", "tussink",
         f"endpoint=http://127.0.0.1:{port}/files/", "upload-paused=true", "spool-mode=always",
         f"spool-dir={spool}"], env=bench.environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 120
        size = file.stat().st_size
        while sum(path.stat().st_size for path in spool.rglob("*") if path.is_file()) < size:
            if time.monotonic() > deadline:
                raise RuntimeError("the spool is not written")
            time.sleep(0.1)
        time.sleep(1.5)  # the journal says so, too
    finally:
        process.kill()
        process.wait()


def startup(bench):
    """From the start of gst-launch-1.0 until all of a small file is confirmed; sizes."""
    file = bench.scratch / "small"
    file.write_bytes(b"x" * 1000)
    with bench.discard() as port:
        url = f"http://127.0.0.1:{port}/files/"
        words = ["gst-launch-1.0", "-q", "filesrc", f"location={file}", "!"]
        bench.run([*words, *sink(url)])
        rows = bench.pairs(
            {
                "filesink": lambda: bench.run([*words, "filesink", f"location={bench.scratch}/to"]),
                "tussink": lambda: bench.run([*words, *sink(url)]),
                "curl -T": lambda: bench.run(["curl", "-sS", "-o", "/dev/null", "-T", file,
                                              f"{url}x"]),
            },
            ["wall", "cpu", "rss"],
        )  # fmt: skip
        stripped = bench.scratch / "libgsttus.so"
        bench.run(["strip", "-o", stripped, bench.build / "plugin" / "libgsttus.so"])
        rows["plugin, stripped"] = {"mib": [stripped.stat().st_size / (1 << 20)]}
        return rows


BENCHES = {
    function.__name__: function
    for function in (
        throughput, checksums, tls, latency, sinks, requests, eos, line, backlog, live, length, recovery,
        startup,
    )
}


def machine():
    def first(command):
        try:
            return subprocess.run(
                command, capture_output=True, text=True, check=True
            ).stdout.splitlines()[0]
        except (OSError, subprocess.CalledProcessError, IndexError):
            return "none"

    def version(command):
        found = re.search(r"[0-9]+[.0-9]*", first(command))
        return found[0] if found else "none"

    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / (1 << 20)
    try:
        client = tus_js_client()
    except Missing:
        client = "none"
    return {
        "date": time.strftime("%Y-%m-%d"),
        "processors": f"{os.cpu_count()} of {names[0] if names else platform.machine()}",
        "memory": f"{memory:.0f} GiB",
        "kernel": platform.release(),
        "GStreamer": version(["gst-launch-1.0", "--gst-version"]),
        "libsoup": first(["pkg-config", "--modversion", "libsoup-3.0"]),
        "curl": version(["curl", "--version"]),
        "tus-js-client": client,
        "revision": first(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"]),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--build", required=True, type=Path, help="a build folder")
    parser.add_argument("--quick", action="store_true", help="sizes of seconds; speaks TAP")
    parser.add_argument("--into", type=Path, help="results (default: BUILD/bench, and docs/)")
    parser.add_argument("names", nargs="*", help=", ".join(BENCHES))
    arguments = parser.parse_args()
    unknown = [name for name in arguments.names if name not in BENCHES]
    if unknown:
        parser.error(f"there is no bench {unknown[0]}, only {', '.join(BENCHES)}")
    names = arguments.names or list(BENCHES)
    results = arguments.into or arguments.build.resolve() / "bench"
    results.mkdir(parents=True, exist_ok=True)
    if arguments.quick:
        print(f"1..{len(names) + 1}", flush=True)
    about = machine()
    failed = 0
    for number, name in enumerate(names, 1):
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="gst-tus-bench-") as scratch:
            try:
                bench = Bench(arguments.build.resolve(), arguments.quick, Path(scratch))
                rows = BENCHES[name](bench)
                (results / f"{name}.json").write_text(
                    json.dumps({"about": about, "title": BENCHES[name].__doc__, "rows": rows})
                )
                report.show(name, rows, sys.stderr if arguments.quick else sys.stdout)
                result = "ok"
            except RuntimeError as error:
                print(f"# {error}".replace("\n", "\n# "))
                failed += 1
                result = "not ok"
        took = time.monotonic() - begin
        if arguments.quick:
            print(f"{result} {number} - {name}", flush=True)
        else:
            print(f"{name}: {'done' if result == 'ok' else 'failed'} in {took:.0f} s", flush=True)
    docs = results if arguments.into else HERE.parent.parent / "docs"
    good = report.write(results, docs, HERE / "notes.md")
    if arguments.quick:
        print(f"{'ok' if good else 'not ok'} {len(names) + 1} - report")
    return 1 if failed or not good else 0


if __name__ == "__main__":
    sys.exit(main())
