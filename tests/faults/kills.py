"""kill -9 of a running gst-launch-1.0 at random moments, and what gst-tus-recover makes of it.

The source is a file of noise, so that every byte at the server can be checked. Beside the sink the
pipeline writes to a file what the sink has taken, buffer after buffer: that is what was accepted.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time

from recording import expect

SOURCE_BYTES = 6_000_003
BLOCK = 8191
SECONDS = 1.9  # the moments are chosen from so many


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


class Kills:
    def __init__(self, launcher, recover, folder, seed):
        self.launcher, self.recover, self.folder = launcher, recover, folder
        self.random = random.Random(seed)
        self.source = folder / "noise"
        self.source.write_bytes(random.Random(seed).randbytes(SOURCE_BYTES))
        self.totals = {
            "kills": 0, "before_the_first_byte": 0, "while_recording": 0, "after_the_end": 0,
            "recover_killed_too": 0, "bytes_accepted": 0, "bytes_stored": 0,
            "bytes_at_the_server": 0,
        }  # fmt: skip

    def run(self, number, server):
        scratch = self.folder / f"kill{number}"
        scratch.mkdir()
        taken, spool = scratch / "taken", scratch / "spool"
        before = stored_files(server)
        # filesink gets a buffer after the upload has taken it: the tee serves its pads in order.
        process = self.launcher.start(
            f"filesrc location={self.source} blocksize={BLOCK} ! identity sleep-time=2000 "
            f"! tee name=t t. ! tussink endpoint={server.url} location=killed.bin name=upload "
            f"spool-mode=always spool-dir={spool} chunk-size=262144 flush-interval=50 "
            f"progress-interval=50 t. ! filesink async=false buffer-mode=unbuffered "
            f"location={taken}"
        )
        moment = self.random.uniform(0.1, SECONDS)
        # Every other time the server is gone by then, and the spool holds what it does not have.
        frozen = number % 2 == 1
        try:
            before_it = self.random.uniform(0, moment) if frozen else 0
            time.sleep(moment - before_it)
            if frozen:
                server.send_signal(signal.SIGSTOP)
            process.wait(before_it)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        finally:
            there = sum(path.stat().st_size for path in stored_files(server) - before)
            if frozen:
                server.send_signal(signal.SIGCONT)
        run = self.launcher.finish(process, 10)
        accepted = taken.stat().st_size if taken.exists() else 0
        said = run.messages("tus-upload-complete")
        urls = [run.field("tus-upload-complete", "upload-url")] if said else []
        self.totals["kills"] += 1
        self.totals["bytes_accepted"] += accepted
        if list(spool.glob("upload-*")) and self.random.random() < 0.2:
            self.kill_recover(spool)
        urls += self.finish(spool)
        self.totals["bytes_at_the_server"] += there
        self.check(server, before, urls, accepted, run)
        shutil.rmtree(scratch)

    def kill_recover(self, spool):
        self.totals["recover_killed_too"] += 1
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
        """One upload holds all that was accepted, whoever finished it, and it is the only one."""
        new = [path for path in stored_files(server) - before if path.stat().st_size > 0]
        if accepted == 0 and not new:
            self.totals["before_the_first_byte"] += 1
            return
        expect(len(new) == 1, f"{len(new)} uploads of {accepted} bytes: {urls}, {run.tail()}")
        for url in urls:
            expect(server.stored(url) == new[0], f"{url} is said, {new[0]} was stored")
        size = new[0].stat().st_size
        expect(size >= accepted, f"stored {size} bytes, {accepted} were accepted: {run.tail()}")
        # The buffer that was on its way when the process died may have been taken as well.
        expect(size <= accepted + BLOCK, f"stored {size} bytes, only {accepted} were accepted")
        expect(is_prefix(new[0], self.source), "what is stored is not what was sent")
        new[0].unlink()
        self.totals["bytes_stored"] += size
        self.totals["after_the_end" if accepted == SOURCE_BYTES else "while_recording"] += 1
