#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example programs, run as a user runs them, against gcore-standin. Speaks TAP.

examples_test.py --plugin FOLDER --standin PROGRAM --recover PROGRAM --recorder PROGRAM GROUP...

What arrived is compared by SHA-256. What is not installed is skipped aloud. Must not know the
project's sources, nor the examples': only what they print, and how they end.
"""

import argparse
import functools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "interop"))

# pylint: disable=wrong-import-position
import gst
import servers
from bench import Bench, expect, run_case, sha256
from interop_test import KEY
from servers import Unavailable

EXAMPLES = HERE.parent.parent / "examples"
SYSTEM_PYTHON = "/usr/bin/python3"  # Debian's bindings are its own Python's
LONGEST = 40  # seconds that anything here may take


class Program:
    """An example that runs: what it has printed so far, and lines for its standard input."""

    def __init__(self, command, environment, stdin=None):
        self.process = subprocess.Popen(
            [str(word) for word in command], env=environment, stdin=stdin or subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        self.lines, self.changed = [], threading.Condition()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.changed:
                self.lines.append(line.rstrip())
                self.changed.notify_all()

    def said(self, pattern):
        return [found for line in list(self.lines) if (found := re.search(pattern, line))]

    def wait_for(self, pattern, count=1):
        with self.changed:
            self.changed.wait_for(
                lambda: len(self.said(pattern)) >= count or self.process.poll() is not None, LONGEST
            )
        found = self.said(pattern)
        expect(len(found) >= count, f"not {count} times {pattern}: {self.tail()}")
        return found

    def type(self, text):
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def interrupt(self, sign=signal.SIGINT):
        os.kill(self.process.pid, sign)

    def finish(self, status, longest=LONGEST):
        try:
            self.process.wait(longest)
        except subprocess.TimeoutExpired:
            servers.stop(self.process)
            raise AssertionError(f"does not end: {self.tail()}") from None
        self.reader.join(10)
        expect(
            self.process.returncode == status,
            f"exit status {self.process.returncode}, not {status}: {self.tail()}",
        )

    def tail(self):
        return "\n".join(self.lines[-25:])

    def stop(self):
        servers.stop(self.process)


class ExampleBench(Bench):
    """What one case needs."""

    def standin(self, *options):
        folder = self.folder / f"server{len(self.started)}"
        return self.keep(servers.StandIn(folder, self.arguments.standin, KEY, *options))

    def environment(self, standin=None):
        return {
            **self.launcher.environment,
            "GCORE_API_KEY": KEY,
            "GCORE_BASE_URL": standin.url if standin else "",
            "XDG_STATE_HOME": str(self.folder / "state"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def run(self, command, standin=None, stdin=None, **more):
        return self.keep(Program(command, {**self.environment(standin), **more}, stdin))

    def recover(self, standin):
        """What gst-tus-recover says; it must finish everything."""
        answer = subprocess.run(
            [str(self.arguments.recover)], env=self.environment(standin), capture_output=True,
            text=True, timeout=LONGEST, check=False,
        )  # fmt: skip
        expect(answer.returncode == 0, f"gst-tus-recover: {answer.stdout}{answer.stderr}")
        return answer.stdout


@functools.cache
def need_bindings(*names):
    """Debian's Python with GStreamer's bindings."""
    script = "import gi\n" + "".join(f"gi.require_version({name!r}, '1.0')\n" for name in names)
    script += "from gi.repository import " + ", ".join(names)
    answer = subprocess.run(
        [SYSTEM_PYTHON, "-c", script], capture_output=True, text=True, check=False
    ) if Path(SYSTEM_PYTHON).exists() else None  # fmt: skip
    if not answer or answer.returncode != 0:
        raise Unavailable(f"{SYSTEM_PYTHON} has no bindings for {', '.join(names)}")


def python(name):
    need_bindings("Gst")
    return SYSTEM_PYTHON, EXAMPLES / name


def recorder(bench, name):
    """The command of recorder.cpp or recorder.py, which take the same options."""
    return python(name) if name.endswith(".py") else (bench.arguments.recorder,)


def stored_files(standin):
    """Of the videos that the server says it has: "ID-NAME"."""
    return [
        path
        for path in standin.folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    ]


def completed(standin):
    """The same by name: SHA-256 of what was stored."""
    return {path.name.split("-", 1)[1]: sha256(path) for path in stored_files(standin)}


def check_hashes(program, standin, least):
    """What the programs say of each upload is what is stored; at least so many."""
    said = sorted(
        found.group(1) for found in program.said(r"complete: .*SHA-256 ([0-9a-f]{64})")
    )  # twice the same where two cameras show the same
    # not by name: two that begin in the same second have the same
    stored = sorted(sha256(path) for path in stored_files(standin))
    expect(said == stored and len(stored) >= least, f"{said} is not {stored}: {program.tail()}")


def report(path):
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


# --- recorder -------------------------------------------------------------------------------------


def records_through_an_outage(bench, name):
    bench.need("x264enc", "mp4mux")
    server = bench.standin()
    copy, results = bench.folder / "copy.mp4", bench.folder / "report"
    run = bench.run([*recorder(bench, name), "--copy", copy, "--report", results], server)
    run.wait_for("^Video ")
    server.process.send_signal(signal.SIGUSR1)
    run.wait_for("The server is away")
    server.process.send_signal(signal.SIGUSR2)
    run.wait_for("The server is back")
    run.wait_for("recorded .* at the server")
    run.interrupt()
    run.finish(0)
    said = report(results)
    stored = server.stored(said["video-id"])
    expect(sha256(stored) == sha256(copy), "what is stored is not what was recorded")
    expect(int(said["bytes"]) == copy.stat().st_size, f"{said}")


def pauses(bench):
    bench.need("x264enc", "mp4mux")
    server = bench.standin()
    copy = bench.folder / "copy.mp4"
    run = bench.run(
        [*python("recorder.py"), "--copy", copy, "gcoresink progress-interval=100"], server
    )
    run.wait_for("^Video ")
    for command, words in (("p", "recording is paused"), ("p", "recording goes on"),
                           ("u", "upload is paused"), ("u", "upload goes on")):  # fmt: skip
        run.type(command)
        run.wait_for(words)
    run.type("q")
    run.finish(0)
    expect(list(completed(server).values()) == [sha256(copy)], "not what was recorded")


def cancelled_is_kept(bench, name):
    """The second Ctrl-C does not wait for a server that is away; nothing is lost by it."""
    bench.need("x264enc", "mp4mux")
    server = bench.standin()
    run = bench.run([*recorder(bench, name), "gcoresink location=a.mp4 stop-timeout=300"], server)
    run.wait_for("^Video ")
    run.wait_for("recorded .* at the server")
    server.process.send_signal(signal.SIGUSR1)
    run.wait_for("The server is away")
    run.interrupt()
    run.wait_for("finishing")  # the first is understood
    run.interrupt()
    run.finish(1)
    run.wait_for("kept on disk. To finish: gst-tus-recover")
    expect(not completed(server), "said to be complete")
    server.process.send_signal(signal.SIGUSR2)
    wait_until(lambda: is_listening(server), "the server is back")
    bench.recover(server)
    expect(len(completed(server)) == 1, "not finished by gst-tus-recover")


def cancelled_is_removed(bench):
    bench.need("x264enc", "mp4mux")
    server = bench.standin()
    run = bench.run([*python("recorder.py"), "gcoresink on-stop=terminate"], server)
    run.wait_for("^Video ")
    run.type("c")
    run.finish(1)
    run.wait_for("was removed|was deleted")
    expect(not completed(server), "said to be complete")


def fails(bench, name):
    bench.need("x264enc", "mp4mux")
    server = bench.standin()
    run = bench.run([*recorder(bench, name)], server, GCORE_API_KEY="1$wrong")
    run.finish(1)
    run.wait_for("^Error: ")
    bench.run([*recorder(bench, name), "--no-such-option"], server).finish(2)


def sketch_records(bench):
    bench.need("x264enc", "mp4mux")
    if not shutil.which("gjs"):
        raise Unavailable("gjs is not installed")
    server = bench.standin()
    run = bench.run(
        ["gjs", "-m", EXAMPLES / "recorder.js", "0", "gcoresink location=a.mp4"], server
    )
    if run.said("Typelib file for namespace 'Gst'"):
        raise Unavailable("gjs has no bindings for GStreamer")
    run.wait_for("recorded .* at the server")
    run.interrupt()
    run.finish(0)
    size = int(run.wait_for("complete: ([0-9]+) bytes")[0].group(1))
    expect(size == next(server.folder.glob("*-a.mp4")).stat().st_size > 0, run.tail())


def sketch_tells_what_is_kept(bench):
    """Also by a plugin from before there was a field for what could not be."""
    if not shutil.which("gjs"):
        raise Unavailable("gjs is not installed")
    example = (EXAMPLES / "recorder.js").read_text(encoding="utf-8")
    module = bench.folder / "kept.js"
    module.write_text(example.split("\nGst.init", 1)[0] + """
Gst.init(null);
for (const whole of [undefined, true, false]) {
    const fields = Gst.Structure.new_empty('tus-upload-kept');
    if (whole !== undefined)
        fields.set_value('whole', whole);
    Recorder.prototype.onElementMessage.call({}, fields);
}
""", encoding="utf-8")  # fmt: skip
    run = bench.run(["gjs", "-m", module])
    run.process.wait(LONGEST)
    if run.said("Typelib file for namespace 'Gst'"):
        raise Unavailable("gjs has no bindings for GStreamer")
    run.finish(0)
    said = [line.split(". ")[0].split(" are ")[1] for line in run.lines if " are " in line]
    expect(said == ["kept on disk", "kept on disk", "not all kept on disk"], run.tail())


def is_listening(server):
    try:
        server.get("/standin")
        return True
    except OSError:
        return False


def wait_until(condition, what):
    deadline = time.monotonic() + LONGEST
    while not condition():
        expect(time.monotonic() < deadline, f"never: {what}")
        time.sleep(0.05)


# --- dynamic branches -----------------------------------------------------------------------------

PREVIEW = ("--preview", "videoconvert ! fakesink sync=true")


def button_is_pressed(bench):
    """Three recordings of one preview; the second one's upload goes on while the third is made."""
    bench.need("x264enc", "mp4mux")
    server = bench.standin()
    run = bench.run([*python("dynamic.py"), *PREVIEW, "gcoresink stop-timeout=300"], server)
    for number in (1, 2, 3):
        run.type("")
        run.wait_for(f"recording {number}: Video")
        time.sleep(0.5)
        if number == 2:
            server.process.send_signal(signal.SIGUSR1)
            run.wait_for("The server is away")
            run.type("")
            run.wait_for("recording 2: ends")
            run.type("")
            run.wait_for("recording 3: begins")
            server.process.send_signal(signal.SIGUSR2)
            run.wait_for("recording 2: Upload .*complete")
            run.wait_for("recording 3: Video")
            break
        run.type("")
    run.type("q")
    run.finish(0)
    check_hashes(run, server, 3)


def failed_branch_hurts_nobody(bench):
    bench.need("x264enc", "mp4mux")
    server = bench.standin("--fault", "on POST 2: answer 400")
    run = bench.run([*python("dynamic.py"), *PREVIEW], server)
    run.type("")
    run.wait_for("recording 1: Video")
    run.type("")
    run.wait_for("recording 1: Upload .*complete")
    run.type("")
    run.wait_for("recording 2: Error")
    run.type("")
    run.wait_for("recording 3: Video")
    time.sleep(0.5)
    run.type("q")
    run.finish(1)
    expect(not run.said("The preview:"), run.tail())
    check_hashes(run, server, 2)


# --- cameras --------------------------------------------------------------------------------------


class RtspCameras(servers.Server):
    name = "rtsp-cameras"

    def __init__(self, folder, count):
        need_bindings("Gst", "GstRtspServer")
        super().__init__(folder)
        self.command = (SYSTEM_PYTHON, HERE / "rtsp_cameras.py", count, servers.free_port())
        self.spawn(*self.command)
        self.url = self.wait_for_url()

    def spawn(self, *command):
        # It ends with its input, whatever becomes of the test.
        self.input, for_it = os.pipe()
        self.input, for_it = for_it, self.input
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdin=for_it, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        os.close(for_it)

    def wait_for_url(self):
        def printed():
            return re.search(r"listening on (rtsp://\S+)", self.log.read_text())

        return self.wait_for(printed, "say where it listens").group(1)


def camera_goes_and_comes(bench):
    """Cut into files of a second; one of two cameras is away meanwhile, the other is not hurt."""
    bench.need("x264enc", "mp4mux", "splitmuxsink", "rtspsrc", "watchdog")
    server = bench.standin()
    here = bench.keep(RtspCameras(bench.folder / "here", 1))
    away = bench.keep(RtspCameras(bench.folder / "away", 1))
    run = bench.run(
        [*python("cameras.py"), "--every", "1", "--silence", "3", f"door={here.url}camera0",
         f"yard={away.url}camera0"], server,
    )  # fmt: skip
    run.wait_for("door: Video [0-9]")
    run.wait_for("yard: Video [0-9]")
    time.sleep(1)
    away.stop()
    run.wait_for("yard: the camera is gone|yard: the camera has ended")
    before = len(run.said("yard: Video [0-9]"))
    away.restart()
    run.wait_for("yard: Video [0-9]", before + 1)
    time.sleep(1)
    run.interrupt()
    run.finish(0)
    expect(not run.said("door: the camera"), run.tail())
    check_hashes(run, server, 4)
    expect(any(name.startswith("door-20") for name in completed(server)), f"{completed(server)}")


def silent_camera_is_called_again(bench):
    bench.need("x264enc", "mp4mux", "rtspsrc", "watchdog")
    server = bench.standin()
    camera = bench.keep(RtspCameras(bench.folder / "camera", 1))
    run = bench.run([*python("cameras.py"), "--silence", "2", f"door={camera.url}camera0"], server)
    run.wait_for("door: Video [0-9]")
    os.killpg(camera.process.pid, signal.SIGSTOP)
    run.wait_for("door: the camera is gone")
    run.wait_for("door: Upload .*complete")
    os.killpg(camera.process.pid, signal.SIGCONT)
    run.wait_for("door: Video [0-9]", 2)
    run.interrupt(signal.SIGTERM)
    run.finish(0)
    check_hashes(run, server, 2)


# Sixteen of them, files of a minute, and a server that is away in between.
HOUSE, HOUSE_SECONDS, HOUSE_AWAY = 16, 150, ((30, 50), (80, 115))


def full_house_of_cameras(bench):
    bench.need("x264enc", "mp4mux", "splitmuxsink", "rtspsrc", "watchdog")
    server = bench.standin("--no-examine")
    cameras = bench.keep(RtspCameras(bench.folder / "cameras", HOUSE))
    names = [f"camera{number}" for number in range(HOUSE)]
    sources = [f"{name}={cameras.url}{name}" for name in names]
    run = bench.run([*python("cameras.py"), "--every", "60", *sources], server)
    for name in names:
        run.wait_for(f"{name}: Video [0-9]")
    began = time.monotonic()
    for away, back in HOUSE_AWAY:
        time.sleep(max(0, began + away - time.monotonic()))
        server.process.send_signal(signal.SIGUSR1)
        time.sleep(max(0, began + back - time.monotonic()))
        server.process.send_signal(signal.SIGUSR2)
    time.sleep(max(0, began + HOUSE_SECONDS - time.monotonic()))
    run.interrupt()
    run.finish(0, 180)
    expect(not run.said("the camera"), run.tail())
    check_hashes(run, server, 3 * HOUSE)
    warnings = len(run.said("Warning: .*is tried again until it works"))
    expect(warnings == len(HOUSE_AWAY), f"{warnings} WARNINGs: {run.tail()}")
    print(f"# {len(completed(server))} files of {HOUSE} cameras")


# --- by the clock ---------------------------------------------------------------------------------


def cut_by_the_clock(bench):
    bench.need("x264enc", "mp4mux", "splitmuxsink")
    server = bench.standin()
    run = bench.run([*python("hourly.py"), "--every", "2", "--name", "door"], server)
    run.wait_for("Video [0-9]", 3)
    run.interrupt()
    run.finish(0)
    check_hashes(run, server, 3)
    names = sorted(completed(server))
    moment = r"door-20\d\d-\d\d-\d\dT\d\d-\d\d-\d\d\.mp4"
    expect(all(re.fullmatch(moment, name) for name in names), f"{names}")


# --- ffmpeg ---------------------------------------------------------------------------------------

LIVE = "-re -f lavfi -i testsrc=rate=25 -c:v mpeg2video".split()


def ffmpeg(bench, *arguments, server, sink=None):
    if not shutil.which("ffmpeg"):
        raise Unavailable("ffmpeg is not installed")
    more = {"GST_TUS_SINK": sink} if sink else {}
    return bench.run(
        ["bash", EXAMPLES / "ffmpeg-to-gcore.sh", "a.m2ts", *arguments], server,
        stdin=subprocess.DEVNULL, **more,
    )  # fmt: skip


def make_clip(bench):
    clip = bench.folder / "clip.ts"
    subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=duration=2:rate=25", "-c:v",
         "mpeg2video", str(clip)], check=True, timeout=LONGEST,
    )  # fmt: skip
    return clip


def ffmpeg_ends_well(bench):
    server = bench.standin()
    if not shutil.which("ffmpeg"):
        raise Unavailable("ffmpeg is not installed")
    clip = make_clip(bench)
    ffmpeg(bench, "-i", clip, "-c", "copy", server=server).finish(0)
    straight = bench.folder / "straight.ts"
    subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-i", str(clip), "-c", "copy", "-f", "mpegts",
         f"file:{straight}"], check=True, timeout=LONGEST,
    )  # fmt: skip
    expect(completed(server) == {"a.m2ts": sha256(straight)}, f"{completed(server)}")


def ffmpeg_without_input(bench, arguments):
    """No such file; nothing in it that is asked for. Neither is an empty success."""
    server = bench.standin()
    if not shutil.which("ffmpeg"):
        raise Unavailable("ffmpeg is not installed")
    clip = make_clip(bench)
    ffmpeg(bench, *[str(clip) if word == "CLIP" else word for word in arguments],
           server=server).finish(3)  # fmt: skip
    expect(not completed(server), f"{completed(server)}")
    expect(not [u for u in server.get("/standin")["uploads"] if u.get("finished")], "complete")


def ffmpeg_interrupted(bench):
    server = bench.standin()
    run = ffmpeg(bench, *LIVE, server=server)
    time.sleep(2)
    run.interrupt()
    run.finish(0)
    expect(list(completed(server)) == ["a.m2ts"], run.tail())
    expect(next(server.folder.glob("*-a.m2ts")).stat().st_size > 0, run.tail())


def ffmpeg_dies(bench):
    """In the middle: nothing is declared complete, and nothing of it is lost."""
    server = bench.standin()
    run = ffmpeg(bench, *LIVE, server=server, sink="gcoresink flush-interval=100")
    wait_until(lambda: any(u["offset"] for u in server.get("/standin")["uploads"]), "bytes arrive")
    children = Path(f"/proc/{run.process.pid}/task/{run.process.pid}/children").read_text().split()
    for child in children:
        if Path(f"/proc/{child}/comm").read_text().strip() == "ffmpeg":
            os.kill(int(child), signal.SIGKILL)
    run.finish(3)
    expect(not completed(server), f"{completed(server)}")
    bench.recover(server)
    expect(list(completed(server)) == ["a.m2ts"], "not finished by gst-tus-recover")


def upload_of_ffmpeg_fails(bench):
    server = bench.standin("--fault", "on POST any: answer 403")
    run = ffmpeg(bench, *LIVE, server=server)
    run.finish(1)  # ffmpeg, which had nobody to write to, is not to blame
    expect(run.said("403|refused"), run.tail())
    expect(not completed(server), f"{completed(server)}")


# --------------------------------------------------------------------------------------------------


def both(name, case):
    for program in ("recorder.cpp", "recorder.py"):
        yield f"{program} {name}", functools.partial(case, name=program)


GROUPS = {
    "recorder": lambda: [
        *both("records through an outage", records_through_an_outage),
        *both("keeps what is missing when it is not to wait", cancelled_is_kept),
        *both("fails with an error, and for a wrong word", fails),
        ("recorder.py pauses the recording, and the upload", pauses),
        ("recorder.py removes what is cancelled, where that is wished", cancelled_is_removed),
        ("recorder.js records", sketch_records),
        ("recorder.js tells what is kept", sketch_tells_what_is_kept),
    ],
    "branches": lambda: [
        ("dynamic.py: three recordings of one preview", button_is_pressed),
        ("dynamic.py: a recording that fails hurts nobody", failed_branch_hurts_nobody),
    ],
    "cameras": lambda: [
        ("cameras.py: a camera goes and comes", camera_goes_and_comes),
        ("cameras.py: a camera falls silent", silent_camera_is_called_again),
        ("hourly.py: cut by the clock", cut_by_the_clock),
    ],
    "house": lambda: [
        ("cameras.py: sixteen cameras through two outages", full_house_of_cameras),
    ],
    "ffmpeg": lambda: [
        ("ffmpeg-to-gcore.sh: what ffmpeg wrote is at the server", ffmpeg_ends_well),
        ("ffmpeg-to-gcore.sh: no such input", functools.partial(
            ffmpeg_without_input, arguments=("-i", "nothing.mov", "-c", "copy"))),
        ("ffmpeg-to-gcore.sh: nothing to write", functools.partial(
            ffmpeg_without_input, arguments=("-ss", "100", "-i", "CLIP", "-c", "copy"))),
        ("ffmpeg-to-gcore.sh: Ctrl-C ends the recording", ffmpeg_interrupted),
        ("ffmpeg-to-gcore.sh: ffmpeg dies", ffmpeg_dies),
        ("ffmpeg-to-gcore.sh: the upload fails", upload_of_ffmpeg_fails),
    ],
}  # fmt: skip


def with_bench(case, arguments, launcher, folder):
    def run(_world):
        scratch = Path(tempfile.mkdtemp(dir=folder))
        bench = ExampleBench(arguments, launcher, scratch)
        try:
            case(bench)
        finally:
            bench.stop()

    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    for name in ("plugin", "standin", "recover", "recorder"):
        parser.add_argument(f"--{name}", required=True, type=Path)
    parser.add_argument("--match", default="", help="only cases whose name holds this")
    parser.add_argument("groups", nargs="+", choices=GROUPS)
    arguments = parser.parse_args()
    cases = [
        case for group in arguments.groups for case in GROUPS[group]() if arguments.match in case[0]
    ]
    print(f"1..{len(cases)}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gst-tus-examples-") as folder:
        launcher = gst.Launcher(arguments.plugin, Path(folder))
        good = [
            run_case(number, name, with_bench(case, arguments, launcher, folder), None)
            for number, (name, case) in enumerate(cases, 1)
        ]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
