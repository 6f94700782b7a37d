# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 of recordings with seekable-header, and what gst-tus-recover makes of them.

Real muxers go back to their header, and what they wrote where and when is in a log, so that it is
known which file there was at which moment. What the server has in the end must be a beginning of
what was written, under the header as it was at one moment, and nothing of both may be missing that
is older than promised. The moment is any: before a byte has been sent, while the header's own file
is made, in the middle, right after the end. The server is well, gone, or behind a slow line.

Must not know what the sink keeps where, but for the name of the header's file, which it waits for.
"""

import collections
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time
import urllib.error
import urllib.request

from bench import expect
from kills import stored_files
from network import Proxy

SECONDS, RATE, KBIT = 6, 25, 1000
HEADER = 131072
SLOW = 800_000  # bits/s: less than is recorded
ALLOWED = 3 + 1  # seconds: what is promised, and what it takes to write it and to measure it
ENDED = 1  # s after the end all of it is on the disk
MUXERS = {
    "matroska": ("mkv", "matroskamux min-cluster-duration=100000000 max-cluster-duration=300000000"),
    "finalise": ("mp4", "mp4mux fragment-duration=300 fragment-mode=first-moov-then-finalise"),
    "reserved": (
        "mp4", "mp4mux reserved-max-duration=20000000000 reserved-moov-update-period=300000000"
    ),
}  # fmt: skip
MOMENTS = ("start", "head", "middle", "middle", "middle", "end", "end")
ENTRY = struct.Struct("<cQdI")
HEAD_NAMES = ("head", "head.new")  # in an upload's folder
TOLD_LOST = ("had been brought to the disk", "Nothing of it is left")


class Written:
    """What the log says: the file as it was after each write."""

    def __init__(self, path):
        self.writes, self.file = [], bytearray()  # writes: when, where, bytes
        self.taken = 0  # so many of them
        self.ended = None
        data = path.read_bytes() if path.exists() else b""
        at = 0
        while at + ENTRY.size <= len(data):
            kind, position, when, length = ENTRY.unpack_from(data, at)
            at += ENTRY.size
            if kind == b"w":
                self.write(when, position, data[at : at + length])
            elif kind == b"t":
                self.taken = len(self.writes)
            else:
                self.ended = when
            at += length

    def write(self, when, position, data):
        self.writes.append((when, position, data))
        self.file.extend(bytes(max(0, position - len(self.file))))  # what is left out is zero
        self.file[position : position + len(data)] = data

    def heads(self):
        """The header after each write that changed it: which write, and bytes."""
        head, out = bytearray(), [(-1, b"")]
        for number, (_, position, data) in enumerate(self.writes):
            if position < HEADER:
                part = data[: HEADER - position]
                head.extend(bytes(max(0, position - len(head))))
                head[position : position + len(part)] = part
                out.append((number, bytes(head)))
        return out

    def first_missing(self, stored):
        """The first write that is not in `stored`; None: all are. What is in it must have been
        written there, and its header must be one of those that there were."""
        heads = self.heads()
        there = stored[:HEADER]
        fits = [
            i for i, (_, head) in enumerate(heads)
            if head == there or (len(stored) < HEADER and head.startswith(there))
        ]  # fmt: skip
        expect(fits, f"its header never was ({len(stored)} bytes of {len(self.file)})")
        missing = [heads[fits[-1] + 1][0]] if fits[-1] + 1 < len(heads) else []
        missing += self.missing_behind(stored)
        return min(missing) if missing else None

    def missing_behind(self, stored):
        """Of what is behind the header: the writes that are not there, or not any more as they
        were at last."""
        size = len(stored)
        out = [
            number for number, (_, position, data) in enumerate(self.writes)
            if position + len(data) > max(size, HEADER)
        ]  # fmt: skip
        different = [
            at for at in range(HEADER, size) if stored[at] != self.file[at]
        ] if stored[HEADER:] != self.file[HEADER:size] else []  # fmt: skip
        for at in different:
            over = [
                (number, data[at - position])
                for number, (_, position, data) in enumerate(self.writes)
                if position <= at < position + len(data)
            ]
            was = [i for i, (_, byte) in enumerate(over) if byte == stored[at]]
            expect(was, f"byte {at} never was so")
            out.append(over[was[-1] + 1][0])
        return out


def head_sizes(spool):
    """Of the header's file, and of one that takes its place."""
    sizes = {}
    for name in HEAD_NAMES:
        for path in spool.glob(f"upload-*/{name}"):
            try:
                sizes[path] = path.stat().st_size
            except OSError:
                pass
    return sizes


class Uploads:
    """What a server has, by what it says of it."""

    def __init__(self, server, files):
        self.complete, self.open, self.parts, self.joined = [], [], [], set()
        for path in files:
            self.add(server, path)

    def add(self, server, path):
        # the stand-in's files have the name of the upload behind its ID
        for upload in (path.name, path.name.split("-", 1)[0]):
            request = urllib.request.Request(
                server.url + upload, method="HEAD", headers={"Tus-Resumable": "1.0.0"}
            )
            try:
                with urllib.request.urlopen(request, timeout=10) as answer:
                    head = answer.headers
            except urllib.error.HTTPError:
                continue
            length, offset = head.get("Upload-Length"), head.get("Upload-Offset")
            concat = head.get("Upload-Concat") or ""
            if concat.startswith("final"):
                self.joined.add(path)
            if concat.startswith("partial"):
                self.parts.append(path)
            elif length is not None and length == offset or offset is None:
                self.complete.append(path)
            else:
                self.open.append(path)
            return


class HeadKills:
    def __init__(self, launcher, arguments, folder):
        self.launcher, self.arguments, self.folder = launcher, arguments, folder
        self.random = random.Random(f"{arguments.seed} head")
        self.source = folder / "source.mkv"
        self.counts = collections.Counter()
        self.lost = []  # seconds
        self.make_source()

    def make_source(self):
        answer = self.launcher.run(
            f"videotestsrc pattern=snow num-buffers={SECONDS * RATE} "
            f"! video/x-raw,format=I420,width=320,height=240,framerate={RATE}/1 "
            f"! x264enc tune=zerolatency speed-preset=ultrafast bitrate={KBIT} key-int-max=5 "
            f"! h264parse ! matroskamux ! filesink location={self.source}"
        )
        expect(answer.status == 0, answer.tail())

    def totals(self):
        return {
            "head_kills": self.counts["kills"], **self.counts,
            "largest_lost": round(max(self.lost, default=0), 2),
        }  # fmt: skip

    def run(self, number, there):
        """`there`: servers, those that join parts first."""
        chance = self.random
        scratch = self.folder / f"head{number}"
        scratch.mkdir()
        joins = chance.random() < 0.65
        server = chance.choice([one for one in there if one.joins or not joins])
        muxer = chance.choice(sorted(MUXERS))
        always = chance.random() < 0.3
        network = chance.choice(("well", "well", "away", "slow"))
        moment = chance.choice(MOMENTS)
        options = "spool-mode=always" if always else ""
        options += "" if joins else " length-mode=spool"
        options += chance.choice(("", " keep-until-proved=false rollback-margin=0"))
        title = f"{number}: {muxer}, {server.name}, {options}, {network}, {moment}"
        before = stored_files(server)
        proxy = Proxy(server.port)
        try:
            said, killed = self.record(scratch, server, proxy, muxer, options, network, moment)
            proxy.restore()
            self.judge(title, scratch, server, before, said, killed, always)
        except AssertionError as error:
            raise AssertionError(f"{title}: {error}") from None
        finally:
            proxy.stop()
        for name in ("moment " + moment, "server " + network, "muxer " + muxer, "kills"):
            self.counts[name] += 1
        self.counts["always" if always else "default"] += 1
        self.counts["concatenation" if joins else "spool"] += 1
        for path in stored_files(server) - before:
            path.unlink()
        shutil.rmtree(scratch)

    # --- the recording and its end ---

    def record(self, scratch, server, proxy, muxer, options, network, moment):
        container, launch = MUXERS[muxer]
        url = server.url.replace(f":{server.port}/", f":{proxy.port}/")
        if network == "slow":
            proxy.rate = SLOW
        process = subprocess.Popen(
            [
                self.arguments.writes_recorder,
                f"filesrc location={self.source} ! matroskademux ! h264parse ! identity sync=true "
                f"! {launch} ! tee name=t ! tussink endpoint={url} location=killed.{container} "
                f"spool-dir={scratch}/spool seekable-header={HEADER} {options} "
                "t. ! fakesink name=taken async=false",
                scratch / "log",
            ],
            env=self.launcher.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            self.wait_for(moment, network, proxy, process, scratch)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                self.counts["too_late"] += 1
        killed = time.monotonic()
        return process.communicate(timeout=10)[0], killed

    def wait_for(self, moment, network, proxy, process, scratch):
        """Until the moment has come; the server leaves meanwhile, if it is to."""
        chance = self.random
        began = time.monotonic()
        leaves = began + chance.uniform(0, 1.2 if moment == "start" else SECONDS - 1)
        looks_from = began + chance.choice((0, chance.uniform(1, SECONDS)))
        late, due, seen = 0, None, {}
        if moment == "start":
            due = began + chance.uniform(0, 1.2)
        elif moment == "middle":
            due = began + chance.uniform(0.3, SECONDS + 0.5)
        elif moment == "head":
            late = chance.uniform(0, 0.01)
        else:
            late = chance.uniform(0, 0.12 if network == "well" else 2.5)
        while process.poll() is None and time.monotonic() < began + SECONDS + 20:
            now = time.monotonic()
            if network == "away" and now >= leaves:
                network = "gone"
                proxy.refuse()
            if due is None and moment == "end" and self.has_ended(scratch / "log"):
                due = now + late
            if due is None and moment == "head":
                sizes = head_sizes(scratch / "spool")
                if now >= looks_from and sizes != seen:
                    due = now + late
                seen = sizes
            if due is not None and now >= due:
                return
            time.sleep(0.001 if due is None or due - now < 0.02 else 0.01)

    @staticmethod
    def has_ended(log):
        """Whether the last entry is that of the end."""
        if not log.exists():
            return False
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - ENTRY.size))
            data = file.read()
        return len(data) == ENTRY.size and data[:1] == b"e" and data[-4:] == b"\0\0\0\0"

    # --- what is made of it ---

    def recover(self, spool):
        try:
            return subprocess.run(
                [self.arguments.recover, spool], env=self.launcher.environment,
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as hung:
            said = (hung.stdout or b"") + (hung.stderr or b"")
            raise AssertionError(f"recover does not end: {said.decode()[-2000:]}") from None

    def kill_recover(self, spool):
        while list(spool.glob("upload-*")) and self.random.random() < 0.5:
            self.counts["recover_killed"] += 1
            process = subprocess.Popen(
                [self.arguments.recover, spool], env=self.launcher.environment,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            time.sleep(self.random.uniform(0, 0.12))
            process.kill()
            process.wait(10)

    def judge(self, title, scratch, server, before, said, killed, always):
        spool = scratch / "spool"
        urls = re.findall(r"^complete (\S+)", said, re.MULTILINE)
        expect(not re.search(r"^error ", said, re.MULTILINE), f"the recording fails: {said}")
        self.kill_recover(spool)
        text, lost = "", False
        if spool.exists():
            answer = self.recover(spool)
            text = answer.stdout + answer.stderr
            lost = any(words in text for words in TOLD_LOST)
            expect(answer.returncode == 0 or lost, f"recover: {text}")
            urls += re.findall(r"finished: .* at (\S+)", answer.stdout)
            self.expect_over(spool, server, before, lost, text)
        written = Written(scratch / "log")
        uploads = Uploads(server, stored_files(server) - before)
        facts = (
            f"{title}; {len(written.writes)} writes, {written.taken} taken, {len(written.file)} "
            f"bytes; recover said: {text}; recording said: {said}; complete {uploads.complete}, "
            f"open {uploads.open}, parts {uploads.parts}"
        )
        self.count_waste(uploads, facts)
        expect(lost or not uploads.open, f"not finished: {facts}")
        expect("older" not in text and "as they were" not in text, f"an old header: {facts}")
        stored = uploads.complete[0].read_bytes() if uploads.complete else b""
        for url in urls:
            expect(stored and server.stored(url) == uploads.complete[0], f"{url} is said: {facts}")
        if stored and sum(path.stat().st_size for path in uploads.parts) > len(stored):
            self.counts["parts_sent_again"] += 1  # the one that was under way
        self.compare(written, stored, killed, always, facts)
        if lost:
            self.counts["told_lost"] += 1
        elif not stored:
            self.counts["nothing_there"] += 1
        if stored:
            self.play(uploads.complete[0], facts)

    def count_waste(self, uploads, facts):
        """A kill between the server's answer to a creation, or to the request that joins, and the
        note of it on the disk: nobody knows of that upload any more, and another one is made."""
        if uploads.complete:
            begun = sum(path.stat().st_size > 0 for path in uploads.open)
            self.counts["created_in_vain"] += len(uploads.open) - begun
            self.counts["begun_in_vain"] += begun
            uploads.open.clear()
        while len(uploads.complete) > 1:
            one, other = uploads.complete[:2]
            expect(one.read_bytes() == other.read_bytes(), f"two uploads: {facts}")
            expect(uploads.joined >= {one, other}, f"uploaded more than once: {facts}")
            said = [path for path in (one, other) if path.name in facts.split("; complete")[0]]
            uploads.complete.remove(other if one in said else one)
            self.counts["joined_twice"] += 1
            print(f"# joined twice: {facts}", flush=True)

    def expect_over(self, spool, server, before, lost, text):
        """Another recovery has nothing to do, and does nothing."""
        there = stored_files(server) - before
        if not lost:
            expect(not list(spool.glob("upload-*")), f"left in the spool folder: {text}")
        again = self.recover(spool)
        expect(again.returncode == (1 if lost else 0), f"again: {again.stdout}{again.stderr}")
        expect(stored_files(server) - before == there, f"something new: {again.stdout}")

    def compare(self, written, stored, killed, always, facts):
        try:
            expect(len(stored) <= len(written.file), f"{len(stored)} bytes are stored")
            missing = written.first_missing(stored)
        except AssertionError as error:
            raise AssertionError(f"{error}: {facts}") from None
        self.counts["bytes_written"] += len(written.file)
        self.counts["bytes_stored"] += len(stored)
        if missing is None or missing >= written.taken:
            return
        age = killed - written.writes[missing][0]
        self.lost.append(age)
        self.counts["something_missing"] += 1
        ended = written.ended is not None and killed - written.ended > ENDED
        allowed = 0 if always or ended else ALLOWED
        expect(
            age <= allowed,
            f"{len(stored)} bytes are stored, and write {missing}, {age:.2f} s old, is missing: "
            f"{written.writes[missing][1]}+{len(written.writes[missing][2])}: {facts}",
        )

    def play(self, path, facts):
        self.counts["stored"] += 1
        pictures = frames_of(path)
        self.counts["play"] += pictures > 0
        enough = path.stat().st_size > 2 * HEADER  # or less: a muxer may not have said much yet
        expect(pictures or not enough, f"does not play: {facts}")


def frames_of(path):
    """How many packets of the picture ffprobe finds."""
    answer = subprocess.run(
        ["ffprobe", "-v", "quiet", "-count_packets", "-select_streams", "v", "-show_entries",
         "stream=nb_read_packets", "-of", "csv=p=0", path],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    found = re.search(r"\d+", answer.stdout)
    return int(found.group()) if found else 0
