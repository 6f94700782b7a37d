#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The fault campaign: live recordings into real servers while things go wrong. Speaks TAP.

Whatever is injected, what the server stored must be what was recorded, with one WARNING for an
outage and no ERROR. What it cost is measured and printed as a table; no time is ever asserted.
--match TEXT runs only cases whose name holds it; --kills N sets the number of kill -9 in each mode;
--write-docs puts the table into docs/reliability.md.

Must not know the project's sources; only what a user sees.
"""

import argparse
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "interop"))

# pylint: disable=wrong-import-position
import gst
import servers
import table
from bench import Bench, expect, sha256
from head_kills import HeadKills
from kills import Always, Default, Kills
from network import Namespaces, Proxy
from recording import MUXERS, OUTAGE_WARNING, Recording, pipeline
from servers import Unavailable

KEY = "4242$faults0key0marker"
CHUNK = 1 << 20
SECONDS, KBIT = 10, 3000  # of a recording, where the case says nothing else
OPTIONS = f"chunk-size={CHUNK} flush-interval=300"
# The proxy lets through little more than what is recorded, so that a request is nearly always open.
NARROW = KBIT * 1500


class Again:
    """Mixed into a server: it can be killed, and started again on its port and in its folder."""

    def spawn(self, *command):
        self.command = command
        super().spawn(*command)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def start_again(self):
        self.spawn(*self.command)
        self.wait_for_port(self.port)

    def send_signal(self, sign):
        os.killpg(self.process.pid, sign)


class Tusd(Again, servers.Tusd):
    pass


class Node(Again, servers.NodeServer):
    port = 0

    def spawn(self, *command):
        if not self.port:
            self.port = servers.free_port()
            command = (*command, self.port)
        super().spawn(*command)


class StandIn(Again, servers.StandIn):
    """The stand-in as a plain tus server."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.port = int(self.url.rsplit(":", 1)[1])
        self.url += "/files/"

    def stored(self, video_id):
        return super().stored(video_id.rsplit("/", 1)[1])


class TusdInside(Tusd):
    """tusd in the server's network namespace."""

    def __init__(self, folder, networks):
        self.networks = networks
        super().__init__(folder)
        self.url = self.url.replace("127.0.0.1", networks.address)

    def spawn(self, *command):
        if "ip" not in command:
            command = [
                *self.networks.inside(self.networks.server),
                *("0.0.0.0" if part == "127.0.0.1" else part for part in command),
            ]
        super().spawn(*command)

    def wait_for_port(self, port):
        probe = f"import socket; socket.create_connection(('127.0.0.1', {port}), 1)"
        inside = self.networks.inside(self.networks.server)
        self.wait_for(
            lambda: subprocess.run(
                [*inside, sys.executable, "-c", probe], stderr=subprocess.DEVNULL, check=False
            ).returncode == 0,
            f"listen on port {port}",
        )  # fmt: skip


class Tmpfs:
    """A small disk, enlarged when told to. Removed by stop()."""

    def __init__(self, folder, size):
        if os.geteuid() != 0:
            raise Unavailable("a small disk (tmpfs) needs root")
        self.folder = folder
        folder.mkdir()
        self.mounted = False
        self.mount(f"size={size}", "-t", "tmpfs", "tmpfs", str(folder))
        self.mounted = True

    def mount(self, options, *rest):
        answer = subprocess.run(
            ["mount", "-o", options, *rest], capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise Unavailable(f"mount of a tmpfs: {answer.stderr.strip()}")

    def enlarge(self, size):
        self.mount(f"remount,size={size}", str(self.folder))

    def stop(self):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)


class FaultBench(Bench):
    """What one case needs."""

    def server(self, name, *options):
        folder = self.folder / f"server{len(self.started)}"
        if name == "tusd":
            return self.keep(Tusd(folder))
        if name == "@tus/server":
            return self.keep(Node(folder))
        return self.keep(StandIn(folder, self.arguments.standin, KEY, *options))

    def record(
        self, where, fault, *, container="ts", options="", seconds=SECONDS, kbit=KBIT,
        environment=None, inside=(), other_warnings=0, most_outages=None,
    ):  # fmt: skip
        """Records into all of `where` (server, URL), and gives a row for each. `fault` is called
        when the recording has begun, and gives back when the last fault ended (or None)."""
        self.need("x264enc", MUXERS[container].split()[0])
        copy = self.folder / f"copy.{container}"
        sinks = [
            f"tussink endpoint={url} location=recording.{container} {OPTIONS} {options} "
            + ("" if "spool-dir" in options else f"spool-dir={self.folder}/spool{i}")
            for i, (_, url) in enumerate(where)
        ]
        run = Recording(
            self.arguments.recorder,
            pipeline(sinks, copy, seconds=seconds, kbit=kbit, container=container),
            {**self.launcher.environment, **(environment or {})},
            inside,
        )
        try:
            back = fault(run)
            run.finish(seconds + 90)
        finally:
            servers.stop(run.process)
        return [
            self.check(run, f"upload{i}", server, copy, back, other_warnings, most_outages)
            for i, (server, _) in enumerate(where)
        ]

    def check(self, run, sink, server, copy, back, other_warnings, most_outages):
        row = run.measured(sink, back)
        stored = server.stored(row.pop("url"))
        expect(stored.stat().st_size == row["bytes"] == copy.stat().st_size, f"size: {run.tail()}")
        row["sha256_equal"] = sha256(stored) == sha256(copy)
        expect(row["sha256_equal"], "what is stored is not what was recorded")
        expect(
            len(row["other_warnings"]) <= other_warnings,
            f"unexpected warnings: {row['other_warnings']}",
        )
        if most_outages is not None:
            expect(row["outages"] <= most_outages, f"{row['outages']} outages: {run.tail()}")
        samples = run.all("sample")
        row["memory"] = samples
        return row


def through_proxy(name, fault, **options):
    """A case: `fault(run, proxy, server)` while a recording goes through the proxy."""

    def case(bench):
        server = bench.server(name)
        proxy = bench.keep(Proxy(server.port))
        url = server.url.replace(f":{server.port}/", f":{proxy.port}/")
        return bench.record([(server, url)], lambda run: fault(run, proxy, server), **options)

    return case


def for_some_seconds(seconds, **attributes):
    """A fault that is a state of the proxy, from second 2 on."""

    def fault(run, proxy, _):
        run.until(2)
        for name, value in attributes.items():
            setattr(proxy, name, value)
        run.until(2 + seconds)
        proxy.restore()
        return time.monotonic()

    return fault


def nothing(*_):
    return None


def black_hole(run, proxy, _):
    proxy.rate = NARROW
    run.until(2)
    proxy.black_hole()
    run.until(8)
    proxy.restore()
    return time.monotonic()


def resets(run, proxy, _):
    proxy.rate = NARROW
    for second in range(2, 8):
        run.until(second)
        proxy.reset()
    proxy.restore()
    return time.monotonic()


def refused(run, proxy, _):
    proxy.rate = NARROW
    run.until(2)
    proxy.refuse()
    run.until(7)
    proxy.restore()
    return time.monotonic()


def killed(run, proxy, server):
    proxy.rate = NARROW
    run.until(3)
    server.kill()
    run.until(6)
    server.start_again()
    return time.monotonic()


def frozen(run, proxy, server):
    proxy.rate = NARROW
    run.until(2)
    server.send_signal(signal.SIGSTOP)
    run.until(8)
    server.send_signal(signal.SIGCONT)
    return time.monotonic()


def in_namespaces(fault, **options):
    def case(bench):
        networks = bench.keep(Namespaces())
        server = bench.keep(TusdInside(bench.folder / "server", networks))
        return bench.record(
            [(server, server.url)], lambda run: fault(run, networks),
            inside=networks.inside(networks.client), **options,
        )  # fmt: skip

    return case


def shaped(*words, seconds=5):
    def fault(run, networks):
        run.until(2)
        networks.shape(*words)
        run.until(2 + seconds)
        networks.shape()
        return time.monotonic()

    return fault


def packets_lost(percent):
    def fault(run, networks):
        run.until(2)
        networks.lose(percent)
        run.until(7)
        lost = networks.lose_no_more()
        expect(lost > 0, "no packet was lost")
        print(f"# {lost} packets lost")
        return time.monotonic()

    return fault


def cable_pulled(run, networks):
    run.until(2)
    networks.cable(False)
    run.until(8)
    networks.cable(True)
    return time.monotonic()


def address_changed(run, networks):
    # Slow enough that a request is open at that moment.
    networks.shape("tbf", "rate", f"{NARROW}", "burst", "16kb", "latency", "200ms")
    run.until(3)
    networks.change_address()
    return time.monotonic()


def server_disk_full(bench):
    folder = bench.folder / "small"
    disk = bench.keep(Tmpfs(folder, "1m"))
    server = bench.keep(Tusd(folder))

    def fault(run):
        run.until(7)
        disk.enlarge("64m")
        return time.monotonic()

    return bench.record([(server, server.url)], fault)


def own_disk_full(limit):
    """The server is away until memory and disk are full and the recording has to wait."""

    def case(bench):
        options = "max-memory=524288 rollback-margin=0 chunk-size=131072 "
        if limit == "disk":
            disk = bench.keep(Tmpfs(bench.folder / "small", "1m"))
            options += f"spool-dir={disk.folder}/spool max-spool-size=1000000000"
        else:
            options += "max-spool-size=1048576"
        server = bench.server("tusd")

        def fault(run):
            run.until(1)
            server.kill()
            run.until(8)
            server.start_again()
            return time.monotonic()

        return bench.record([(server, server.url)], fault, options=options, other_warnings=2)

    return case


def clock_jumps(bench):
    shift = bench.folder / "shift"
    shift.write_bytes(struct.pack("q", 0))
    server = bench.server("gcore-standin")

    def jump(seconds):
        with open(shift, "r+b") as file:
            file.write(struct.pack("q", seconds))

    def fault(run):
        run.until(2)
        server.send_signal(signal.SIGUSR1)
        run.until(3)
        jump(3600)
        run.until(5)
        jump(-7200)
        run.until(7)
        server.send_signal(signal.SIGUSR2)
        return time.monotonic()

    environment = {"LD_PRELOAD": str(bench.arguments.clock), "CLOCK_SHIFT_FILE": str(shift)}
    return bench.record([(server, server.url)], fault, environment=environment, most_outages=1)


# --- the long recordings --------------------------------------------------------------------------

LONG, AWAY, RETURN, LONG_KBIT = 60, 10, 50, 20000
SINKS, HOUSE_SECONDS, HOUSE_AWAY = 16, 160, (15, 135)


def away_for_long(*list_of_servers):
    def fault(run):
        run.until(AWAY)
        for server in list_of_servers:
            server.send_signal(signal.SIGUSR1)
        run.until(RETURN)
        for server in list_of_servers:
            server.send_signal(signal.SIGUSR2)
        return time.monotonic()

    return fault


def memory_at(row, began, second):
    """Memory in MiB at a second of the recording, from the samples."""
    near = min(row["memory"], key=lambda sample: abs(sample["t"] - began - second))
    return round(near["rss-kb"] / 1024, 1)


def long_outage(bench):
    server = bench.server("gcore-standin")
    began = []

    def fault(run):
        began.append(run.began)
        return away_for_long(server)(run)

    rows = bench.record(
        [(server, server.url)], fault, seconds=LONG, kbit=LONG_KBIT, options="chunk-size=8388608",
        most_outages=1,
    )  # fmt: skip
    row = rows[0]
    expect(row["outages"] == 1, f"{row['outages']} outages")
    row["memory_mib"] = {second: memory_at(row, began[0], second) for second in (9, 30, 49)}
    window_full = row["memory_mib"][30]
    expect(
        row["max_rss_mib"] <= window_full + 16,
        f"memory grows: {row['memory_mib']}, at most {row['max_rss_mib']}",
    )
    return rows


def no_outage_for_long(bench):
    server = bench.server("gcore-standin")
    return bench.record(
        [(server, server.url)], nothing, seconds=15, kbit=LONG_KBIT, options="chunk-size=8388608",
        most_outages=0,
    )  # fmt: skip


def every_length_mode(bench):
    """One recording to three servers at once that can do less and less."""
    able = {
        "deferred": "creation,creation-defer-length,termination",
        "concatenation": "creation,concatenation,termination",
        "spool": "creation,termination",
    }
    there = [bench.server("gcore-standin", "--extensions", list_) for list_ in able.values()]
    rows = bench.record(
        [(server, server.url) for server in there], away_for_long(*there), seconds=LONG,
        kbit=LONG_KBIT, options="chunk-size=8388608", most_outages=1, other_warnings=1,
    )  # fmt: skip
    for mode, row in zip(able, rows):
        expect(row["length_mode"] == mode, f"{row['length_mode']} instead of {mode}")
    return rows


def full_house(bench):
    """Sixteen sinks and a splitmuxsink in one process; the server is away for two minutes."""
    bench.need("x264enc", "mpegtsmux", "splitmuxsink")
    server = bench.server("gcore-standin")
    # in the world it has processors of its own
    os.setpriority(os.PRIO_PROCESS, server.process.pid, 19)
    where = f"endpoint={server.url} spool-dir={bench.folder}/spool"
    branches = " ".join(
        f"t. ! tussink {where} location=sink{i} name=upload{i} async=false" for i in range(SINKS)
    )
    values = f"properties,endpoint={server.url},spool-dir={bench.folder}/spool"
    run = Recording(
        bench.arguments.recorder,
        "videotestsrc name=source is-live=true pattern=snow "
        f"num-buffers={30 * HOUSE_SECONDS} ! video/x-raw,width=640,height=360,framerate=30/1 "
        "! x264enc tune=zerolatency speed-preset=ultrafast bitrate=8000 key-int-max=30 "
        "! h264parse ! tee name=video "
        f"video. ! queue ! mpegtsmux ! tee name=t {branches} "
        f"t. ! queue max-size-buffers=0 max-size-time=0 max-size-bytes=400000000 "
        f"! filesink async=false location={bench.folder}/copy.ts "
        "video. ! queue ! splitmuxsink name=split location=part%04d.ts max-size-time=1000000000 "
        "async-finalize=true muxer-factory=mpegtsmux sink-factory=tussink "
        f'sink-properties="{values}"',
        bench.launcher.environment,
    )
    try:
        run.until(HOUSE_AWAY[0])
        server.send_signal(signal.SIGUSR1)
        run.until(HOUSE_AWAY[1])
        server.send_signal(signal.SIGUSR2)
        back = time.monotonic()
        run.finish(HOUSE_SECONDS + 240)
    finally:
        servers.stop(run.process)
    return check_house(bench, run, server, back)


def check_house(bench, run, server, back):
    end = run.all("end")[0]
    complete = run.all("message", "tus-upload-complete")
    created = run.all("message", "tus-upload-created")
    expect(len(complete) == len(created) > SINKS + 100, f"{len(complete)} of {len(created)}")
    for done in complete:
        stored = server.stored(done["upload-url"])
        expect(stored.stat().st_size == done["bytes"], f"size: {done}")
        expect(sha256(stored) == done["sha256"], f"not what was recorded: {done}")
        if done["from"].startswith("upload"):
            expect(stored.stat().st_size == (bench.folder / "copy.ts").stat().st_size, "size")
    warnings = [line["text"] for line in run.all("warning")]
    expect(len(warnings) == 1 and OUTAGE_WARNING in warnings[0], f"WARNINGs: {warnings}")
    memory = max(line["bytes-in-memory"] for line in run.all("sample"))
    return {
        "uploads": len(complete), "warnings": len(warnings),
        "bytes": sum(done["bytes"] for done in complete),
        "outage_seconds": HOUSE_AWAY[1] - HOUSE_AWAY[0],
        "frames": end["frames"], "frames_late": end["frames-late"],
        "latest_frame_ms": round(end["latest-frame"] * 1000, 1),
        "longest_render_own_ms": round(
            max(said["longest-render-own"] for said in run.all("sink")) * 1000, 1
        ),
        "idle_thread_late_ms": round(end["latest-idle-thread"] * 1000, 1),
        "sinks_memory_mib": round(memory / 2**20, 1),
        "max_rss_mib": round(end["max-rss-kb"] / 1024, 1),
        "all_complete_after_s": round(max(done["t"] for done in complete) - back, 1),
    }  # fmt: skip


def many_kills(mode):
    def case(bench):
        return kill_often(bench, mode)

    return case


def kill_often(bench, mode):
    there = []
    for name in ("tusd", "@tus/server", "gcore-standin"):
        try:
            there.append(bench.server(name))
        except Unavailable as why:
            print(f"# without {name}: {why}", flush=True)
    print(f"# seed {bench.arguments.seed}", flush=True)
    arguments = bench.arguments
    kills = Kills(bench.launcher, arguments.recover, bench.folder, arguments.seed, mode)
    for number in range(arguments.kills):
        kills.run(number, there[number % len(there)])
    return kills.totals()


def kill_often_with_header(bench):
    bench.need("matroskademux", "matroskamux", "mp4mux", "x264enc")
    if not shutil.which("ffprobe"):
        raise Unavailable("ffprobe is not installed")
    there = []
    for name in ("tusd", "gcore-standin", "@tus/server"):
        try:
            there.append(bench.server(name))
            there[-1].joins = name != "@tus/server"
        except Unavailable as why:
            print(f"# without {name}: {why}", flush=True)
    print(f"# seed {bench.arguments.seed}", flush=True)
    kills = HeadKills(bench.launcher, bench.arguments, bench.folder)
    for number in range(bench.arguments.kills):
        kills.run(number, there)
    return kills.totals()


def cases():
    """What is injected, the server, the container, and the case itself."""

    def proxied(name, where, fault, container="ts", **options):
        return name, where, container, through_proxy(where, fault, container=container, **options)

    quick = {"options": "timeout=3"}
    yield proxied("nothing, 3 Mbit/s", "tusd", nothing, most_outages=0)
    yield "nothing, 20 Mbit/s", "gcore-standin", "ts", no_outage_for_long
    delay, slow = {"delay": 0.3}, {"rate": 200_000}
    yield proxied("300 ms more each way for 6 s", "tusd", for_some_seconds(6, **delay), "mkv",
                  most_outages=0)  # fmt: skip
    yield proxied("200 kbit/s for 6 s", "@tus/server", for_some_seconds(6, **slow), "mp4",
                  most_outages=0)  # fmt: skip
    yield proxied("black hole for 6 s", "tusd", black_hole, "mp4", **quick)
    yield proxied("black hole for 6 s", "@tus/server", black_hole, "mkv", **quick)
    yield proxied("black hole for 6 s", "gcore-standin", black_hole, **quick)
    yield proxied("RST, six times", "tusd", resets)
    yield proxied("RST, six times", "@tus/server", resets, "mp4")
    yield proxied("RST, six times", "gcore-standin", resets, "mkv")
    yield proxied("RST, then refused for 5 s", "tusd", refused, "mkv", most_outages=1)
    cut, deaf = {"cut_after": 300_000}, {"lose_answers": True}
    yield proxied("every connection cut after 300 kB, 5 s", "tusd", for_some_seconds(5, **cut))
    yield proxied("every connection cut after 300 kB, 5 s", "@tus/server",
                  for_some_seconds(5, **cut), "mkv")  # fmt: skip
    yield proxied("every answer lost for 4 s", "tusd", for_some_seconds(4, **deaf), "mp4")
    yield proxied("every answer lost for 4 s", "gcore-standin", for_some_seconds(4, **deaf))
    yield proxied("server killed in a request, back after 3 s", "tusd", killed)
    yield proxied("server killed in a request, back after 3 s", "@tus/server", killed, "mp4")
    yield proxied("server frozen for 6 s", "@tus/server", frozen, **quick)
    yield "server's disk full for some seconds", "tusd", "ts", server_disk_full
    yield "server away 7 s, spool at max-spool-size", "tusd", "ts", own_disk_full("limit")
    yield "server away 7 s, our disk full", "tusd", "ts", own_disk_full("disk")
    yield "clock +1 h, -2 h while the server is away", "gcore-standin", "ts", clock_jumps
    yield "cable pulled for 6 s", "tusd", "ts", in_namespaces(cable_pulled, **quick)
    yield "client's address changes", "tusd", "ts", in_namespaces(address_changed, **quick)
    yield "link shaped to 200 kbit/s for 5 s", "tusd", "ts", in_namespaces(
        shaped("tbf", "rate", "200kbit", "burst", "16kb", "latency", "400ms")
    )
    for percent in (2, 10):
        yield f"{percent} % packet loss for 5 s", "tusd", "ts", in_namespaces(packets_lost(percent))
    yield "60 s at 20 Mbit/s, server gone from 10 to 50", "gcore-standin", "ts", long_outage
    yield "the same, server of less and less extensions", "gcore-standin", "ts", every_length_mode
    yield "120 s away, 16 sinks and a splitmuxsink", "gcore-standin", "ts", full_house
    yield "kill -9, default settings", "all three", "", many_kills(Default())
    yield "kill -9, spool-mode=always", "all three", "", many_kills(Always())
    yield "kill -9, seekable-header", "all three", "", kill_often_with_header


def run_case(number, name, where, container, case, bench, results):
    title = f"{name}: {where}{' ' if container else ''}{container}"
    started = time.monotonic()
    result = {"fault": name, "server": where, "container": container}
    try:
        measured = case(bench)
        if isinstance(measured, dict):
            result["totals"] = measured
        else:
            for row in measured:
                row.pop("memory")
            result["rows"] = measured
        verdict = f"ok {number} - {title}"
    except Unavailable as why:
        result["skipped"] = str(why)
        verdict = f"ok {number} - {title} # SKIP {why}"
    except Exception as error:  # pylint: disable=broad-except
        print("# " + str(error).replace("\n", "\n# "))
        if not isinstance(error, AssertionError):
            print("# " + traceback.format_exc().replace("\n", "\n# "))
        result["failed"] = str(error)
        verdict = f"not ok {number} - {title}"
    finally:
        bench.stop()
    results.append(result)
    for row in result.get("rows", []):
        print("# " + json.dumps(row))
    print(f"# {time.monotonic() - started:.1f} s")
    print(verdict, flush=True)
    return "failed" not in result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("plugin", "standin", "recover", "recorder", "writes-recorder", "clock"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--kills", type=int, default=int(os.environ.get("GST_TUS_KILLS") or 20))
    parser.add_argument("--seed", type=int, default=None, help="of the moments of kill -9")
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("--table", type=Path, help="write the table there")
    parser.add_argument("--json", type=Path, help="write what was measured there")
    parser.add_argument("--write-docs", action="store_true")
    arguments = parser.parse_args()
    if arguments.seed is None:
        arguments.seed = int.from_bytes(os.urandom(4), "little")
    chosen = [case for case in cases() if arguments.match in f"{case[0]}: {case[1]} {case[2]}"]
    print(f"1..{len(chosen)}", flush=True)
    results = []
    # meson has malloc fill each block with a pattern, which takes a time that users do not pay.
    os.environ["MALLOC_PERTURB_"] = "0"
    with tempfile.TemporaryDirectory(prefix="gst-tus-faults-") as folder:
        launcher = gst.Launcher(arguments.plugin, Path(folder))
        good = []
        for number, case in enumerate(chosen, 1):
            scratch = Path(folder) / f"case{number}"
            scratch.mkdir()
            bench = FaultBench(arguments, launcher, scratch)
            good.append(run_case(number, *case, bench, results))
    text = table.plain(results)
    print("# " + text.replace("\n", "\n# "))
    if arguments.table:
        arguments.table.write_text(text + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    if arguments.write_docs:
        table.write_docs(results)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
