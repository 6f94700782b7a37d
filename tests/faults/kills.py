# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of a running gst-launch-1.0 at random moments, and what gst-tus-recover makes of it.

The source is a file of noise, so that every byte at the server can be checked. Beside the sink the
pipeline writes to a file what the sink has taken, buffer after buffer: that is what was accepted,
and how long that file was when says what the last seconds are. Every other time the server is
frozen when the kill comes.
"""

import os
import random
import re
import shutil
import signal
import statistics
import subprocess
import threading
import time
import urllib.error
import urllib.request

from bench import expect

SOURCE_BYTES = 6_000_003
BLOCK = 8191


class Always:
    """Every byte is in a file before it counts as taken: nothing may be missing."""

    name = "spool-mode=always"
    options = "spool-mode=always chunk-size=262144 flush-interval=50 progress-interval=50"
    pause = 2000  # microseconds between two buffers
    allowed = 0  # seconds of the recording that may be missing

    def moments(self, chance, frozen):
        """When the process is killed, and how long before that the server is frozen."""
        moment = chance.uniform(0.1, 1.9)
        return moment, chance.uniform(0, moment) if frozen else 0


class Default:
    """Memory that the server does not take goes to disk after 3 s, and after the end at once."""

    name = "default settings"
    options = ""
    pause = 10000
    allowed = 3 + 1  # what is promised, and what it takes to write it and to measure it

    def moments(self, chance, frozen):
        moment = chance.uniform(2, 11) if frozen else chance.uniform(0.3, 8.5)
        return moment, chance.uniform(0, moment) if frozen else 0


class Growth(threading.Thread):
    """How long a file was when, until stop(): pairs of a time and bytes."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.seen, self.over = path, [(time.monotonic(), 0)], threading.Event()
        self.start()

    def run(self):
        while not self.over.wait(0.01):
            size = self.path.stat().st_size if self.path.exists() else 0
            if size > self.seen[-1][1]:
                self.seen.append((time.monotonic(), size))

    def stop(self):
        self.over.set()
        self.join()

    def first_beyond(self, length):
        """When it had more than that; None: never."""
        return next((at for at, size in self.seen if size > length), None)


def is_prefix(path, whole):
    with open(path, "rb") as a, open(whole, "rb") as b:
        return a.read() == b.read(path.stat().st_size)


def stored_files(server):
    """What holds bytes of uploads in the server's folder."""
    return {
        path
        for path in server.folder.iterdir()
        if path.is_file() and path.suffix not in (".info", ".json", ".lock")
    }


def is_finished(server, path):
    """The server knows the length of what it stored there, and has as much."""
    # the stand-in's files have the name of the upload behind its ID
    for upload in (path.name, path.name.split("-", 1)[0]):
        request = urllib.request.Request(
            server.url + upload, method="HEAD", headers={"Tus-Resumable": "1.0.0"}
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                length = answer.headers.get("Upload-Length")
                return length is not None and length == answer.headers.get("Upload-Offset")
        except urllib.error.HTTPError:
            continue
    return False


class Kills:
    def __init__(self, launcher, recover, folder, seed, mode):
        self.launcher, self.recover, self.folder, self.mode = launcher, recover, folder, mode
        self.random = random.Random(f"{seed} {mode.name}")
        self.source = folder / "noise"
        self.source.write_bytes(random.Random(seed).randbytes(SOURCE_BYTES))
        self.lost = {False: [], True: []}  # seconds; True: in an outage
        self.counts = {
            "kills": 0, "in_an_outage": 0, "before_the_first_byte": 0, "while_recording": 0,
            "after_the_end": 0, "recover_killed_too": 0, "bytes_accepted": 0, "bytes_stored": 0,
            "bytes_at_the_server": 0,
        }  # fmt: skip

    def totals(self):
        out = {"mode": self.mode.name, "allowed": self.mode.allowed, **self.counts}
        for name, frozen in (("server_well", False), ("outage", True)):
            lost = self.lost[frozen] or [0]
            out[f"lost_{name}"] = {
                "largest": round(max(lost), 2), "median": round(statistics.median(lost), 2)
            }  # fmt: skip
        return out

    def run(self, number, server):
        scratch = self.folder / f"kill{number}"
        scratch.mkdir()
        taken, spool = scratch / "taken", scratch / "spool"
        before = stored_files(server)
        frozen = number % 2 == 1
        # filesink gets a buffer after the upload has taken it: the tee serves its pads in order.
        process = self.launcher.start(
            f"filesrc location={self.source} blocksize={BLOCK} "
            f"! identity sleep-time={self.mode.pause} "
            f"! tee name=t t. ! tussink endpoint={server.url} location=killed.bin name=upload "
            f"spool-dir={spool} {self.mode.options} t. ! filesink async=false "
            f"buffer-mode=unbuffered location={taken}"
        )
        growth = Growth(taken)
        moment, before_it = self.mode.moments(self.random, frozen)
        try:
            time.sleep(moment - before_it)
            if frozen:
                server.send_signal(signal.SIGSTOP)
            process.wait(before_it)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        finally:
            killed = time.monotonic()
            there = sum(path.stat().st_size for path in stored_files(server) - before)
            if frozen:
                server.send_signal(signal.SIGCONT)
        run = self.launcher.finish(process, 10)
        growth.stop()
        said = run.messages("tus-upload-complete")
        urls = [run.field("tus-upload-complete", "upload-url")] if said else []
        self.counts["kills"] += 1
        self.counts["in_an_outage"] += frozen
        if list(spool.glob("upload-*")) and self.random.random() < 0.2:
            self.kill_recover(spool)
        urls += self.finish(spool)
        self.counts["bytes_at_the_server"] += there
        accepted = taken.stat().st_size if taken.exists() else 0
        self.counts["bytes_accepted"] += accepted
        stored = self.check(server, before, urls, accepted, run)
        self.measure(growth, killed, accepted, stored, frozen, run)
        shutil.rmtree(scratch)

    def kill_recover(self, spool):
        self.counts["recover_killed_too"] += 1
        process = subprocess.Popen(
            [self.recover, spool], env=self.launcher.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(self.random.uniform(0, 0.1))
        process.kill()
        process.wait(10)

    def finish(self, spool):
        if not spool.exists():
            return []
        try:
            answer = subprocess.run(
                [self.recover, spool], env=self.launcher.environment, capture_output=True,
                text=True, timeout=120, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as hung:
            said = (hung.stdout or b"") + (hung.stderr or b"")
            raise AssertionError(f"recover does not end: {said.decode()[-2000:]}") from None
        expect(answer.returncode == 0, f"recover: {answer.stdout}{answer.stderr}")
        left = list(spool.glob("upload-*"))
        expect(not left, f"left in the spool folder: {left}: {answer.stdout}")
        return re.findall(r"finished: .* at (\S+)", answer.stdout)

    def check(self, server, before, urls, accepted, run):
        """One upload is there, a finished beginning of what was sent; returns its bytes."""
        new = [path for path in stored_files(server) - before if path.stat().st_size > 0]
        expect(len(new) <= 1, f"{len(new)} uploads of {accepted} bytes: {urls}, {run.tail()}")
        for url in urls:
            expect(new == [server.stored(url)] or not new, f"{url} is said, {new} was stored")
        finished = bool(new) and is_finished(server, new[0])
        expect(finished or not new or not urls, f"{urls} is said, but it is not finished")
        size = new[0].stat().st_size if new else 0
        # The buffer that was on its way when the process died may have been taken as well.
        expect(size <= accepted + BLOCK, f"stored {size} bytes, only {accepted} were accepted")
        if new:
            expect(is_prefix(new[0], self.source), "what is stored is not what was sent")
            new[0].unlink()
        self.counts["bytes_stored"] += size
        return size if finished else 0  # else nothing of it counts

    def measure(self, growth, killed, accepted, stored, frozen, run):
        """What is missing is not older than allowed; after the end nothing is."""
        missing = growth.first_beyond(stored) if stored < accepted else None
        lost = killed - missing if missing else 0
        self.lost[frozen].append(lost)
        if accepted == 0:
            self.counts["before_the_first_byte"] += 1
            return
        ended = growth.first_beyond(SOURCE_BYTES - 1)
        self.counts["after_the_end" if ended else "while_recording"] += 1
        # From its end on all of it goes to the disk.
        allowed = 0 if ended and killed - ended > 1 else self.mode.allowed
        if stored < accepted:
            expect(
                lost <= allowed,
                f"{accepted} bytes were accepted and {stored} are stored: {lost:.2f} s are missing"
                f"{', in an outage' if frozen else ''}, "
                f"{killed - ended if ended else 0:.2f} s after the end: {run.tail()}",
            )
