#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The systemd units (TAP): verified, their exposure bounded, and the recording of the example run by
hand, with the environment of a service: a state directory, credentials, no home.

    units_test.py --root DIR --units DIR --recover PROGRAM --standin PROGRAM --plugin DIR GROUP

No systemd has to run. What a machine cannot do is skipped, with the reason.
"""

import argparse
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

KEY = "1234$units-test-key"
# Of 100: what is left open is told where it is (network, own files).
EXPOSURE = {"system": 15, "recording": 25}
USER_EXPOSURE = 65  # most of what makes the difference needs a privileged manager


class Skip(Exception):
    """Why a case cannot be tried here."""


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def units_of(arguments, folder):
    """(kind, path) of each unit, in a folder of its own kind, with programs that are there."""
    programs = folder / "bin"
    programs.mkdir()
    (programs / "gst-tus-recover").symlink_to(arguments.recover)
    found = []
    for kind in ("system", "user"):
        (folder / kind).mkdir()
        source = arguments.units / f"{kind}-gst-tus-recover.service"
        text = re.sub(r"(?m)^ExecStart=\S+/", f"ExecStart={programs}/", source.read_text())
        service = folder / kind / "gst-tus-recover.service"
        service.write_text(text)
        timer = folder / kind / "gst-tus-recover.timer"
        shutil.copy(arguments.root / "systemd" / kind / timer.name, timer)
        found += [(kind, service), (kind, timer)]
    recording = folder / "system" / "gst-tus-recording.service"
    shutil.copy(arguments.root / "examples" / "systemd" / recording.name, recording)
    return [*found, ("recording", recording)]


def analyze(*words):
    if not shutil.which("systemd-analyze"):
        raise Skip("there is no systemd-analyze here")
    with tempfile.TemporaryDirectory() as runtime:
        os.chmod(runtime, 0o700)
        return subprocess.run(
            ["systemd-analyze", *map(str, words)],
            env={**os.environ, "XDG_RUNTIME_DIR": runtime},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def verify(kind, path, _arguments, _folder):
    answer = analyze(
        "verify", "--man=no", "--recursive-errors=no", *(["--user"] if kind == "user" else []), path
    )
    # about units of the machine, which are not ours
    ours = [line for line in answer.stderr.splitlines() if "gst-tus" in line]
    expect(answer.returncode == 0 and not ours, answer.stdout + answer.stderr)


def security(kind, path, _arguments, _folder):
    threshold = EXPOSURE.get(kind, USER_EXPOSURE)
    answer = analyze("security", "--offline=true", f"--threshold={threshold}", path)
    expect(answer.returncode == 0, answer.stdout + answer.stderr)
    print(f"# {answer.stdout.strip().splitlines()[-1]}")


def enable(kind, path, _arguments, folder):
    """As documented: what systemctl makes of it is what a boot, or a login, starts."""
    if not shutil.which("systemctl"):
        raise Skip("there is no systemctl here")
    where, everyone = ("user", ["--global"]) if kind == "user" else ("system", [])
    machine = folder / f"machine-{kind}-{path.name}"
    units = machine / "etc/systemd" / where
    units.mkdir(parents=True)
    shutil.copy(path, units)
    answer = subprocess.run(["systemctl", f"--root={machine}", *everyone, "enable", path.name],
                            capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    expect(answer.returncode == 0, answer.stdout + answer.stderr)
    target = "timers.target" if path.suffix == ".timer" else "multi-user.target"
    expect((units / f"{target}.wants" / path.name).is_symlink(), f"nothing starts it: {answer.stderr}")


def lines_of(unit):
    """(name, value) of the settings, lines joined as systemd does."""
    text = re.sub(r"\\\n\s*", " ", unit.read_text())
    return [line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Za-z]+=", line)]


def shell_of(value):
    """What /bin/sh -c is given."""
    match = re.fullmatch(r"[-+]*/bin/sh -c '(.*)'", value)
    expect(match, f"not of the shell: {value}")
    return match.group(1).replace("$$", "$")


class Machine:
    """A stand-in for Gcore, and the environment that the service manager would give."""

    def __init__(self, arguments, folder):
        self.folder = folder
        self.state = folder / "state"
        self.state.mkdir(mode=0o700)
        credentials = folder / "credentials"
        credentials.mkdir(mode=0o700)
        (credentials / "gcore-api-key").write_text(f"{KEY}\n")
        (credentials / "gcore-api-key").chmod(0o400)
        self.files = folder / "server"
        self.files.mkdir()
        self.standin = subprocess.Popen(
            [arguments.standin, "--listen", "127.0.0.1:0", "--dir", self.files, "--api-key", KEY],
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self.standin.stdout.readline()
        url = re.search(r"http://[^\s]+", line)
        expect(url, f"the stand-in says {line}")
        self.environment = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "GST_PLUGIN_PATH": str(arguments.plugin),
            "GST_REGISTRY": str(folder / "registry.bin"),
            "STATE_DIRECTORY": str(self.state),
            "CREDENTIALS_DIRECTORY": str(credentials),
            # no HOME, and nothing of who runs the tests either
            "XDG_STATE_HOME": str(folder / "nobody"),
            "XDG_CACHE_HOME": str(folder / "nobody"),
            "GCORE_BASE_URL": url.group(0),
            "SOURCE": "videotestsrc is-live=true ! x264enc tune=zerolatency key-int-max=30",
        }
        for element in ("x264enc", "mp4mux", "h264parse"):
            status = subprocess.run(
                ["gst-inspect-1.0", "--exists", element], env=self.environment, check=False
            )
            if status.returncode != 0:
                self.end()
                raise Skip(f"there is no {element} here")

    def end(self):
        self.standin.kill()
        self.standin.wait()

    def run(self, value, result):
        return subprocess.run(
            ["/bin/sh", "-c", shell_of(value)],
            env={**self.environment, "SERVICE_RESULT": result},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )

    def record(self, value, sign):
        """Until there is something at the server and in the state directory; then the signal."""
        log = (self.folder / "recording.log").open("w+")
        process = subprocess.Popen(
            ["/bin/sh", "-c", shell_of(value)], env=self.environment, cwd="/", stdout=log, stderr=log
        )
        end = time.monotonic() + 60
        while not (self.left() and any(path.stat().st_size for path in self.stored())):
            expect(process.poll() is None and time.monotonic() < end, self.said(log))
            time.sleep(0.1)
        time.sleep(2)
        process.send_signal(sign)
        status = process.wait(60)
        expect(KEY not in self.said(log), "the key is in the log")
        return status, self.said(log)

    @staticmethod
    def said(log):
        log.seek(0)
        return log.read()

    def left(self):
        return sorted(self.state.glob("upload-*"))

    def stored(self):
        return [path for path in self.files.rglob("*") if path.is_file()]


def recording(_kind, path, arguments, folder):
    settings = lines_of(path)
    value_of = dict(settings)
    expect(value_of.get("StartLimitIntervalSec") == "0", "a camera that comes late ends it for good")
    # systemd's own bound, 5 starts in 10 s, is that of the recovery that each end starts
    expect(int(value_of["RestartSec"]) * 4 > 10, "the recovery is started too often")
    stops = [value for name, value in settings if name == "ExecStopPost"]
    expect(len(stops) == 2 and stops[1].startswith("-+"), "what comes after the end has changed")
    for sign, result in ((signal.SIGINT, "success"), (signal.SIGKILL, "signal")):
        (folder / result).mkdir()
        machine = Machine(arguments, folder / result)
        (folder / result / "bin").symlink_to(folder / "bin")
        try:
            status, said = machine.record(value_of["ExecStart"], sign)
            expect(status == (0 if result == "success" else -sign), said)
            if result == "signal":
                expect(machine.left(), "nothing is left of what was killed")
                # it begins again at once
                after = machine.run(stops[0], result)
                expect(after.returncode == 0 and not after.stdout, after.stdout + after.stderr)
            # what the other service runs is the same program with the same environment
            after = machine.run(stops[0], "success")
            expect(after.returncode == 0, after.stdout + after.stderr)
            expect(KEY not in after.stdout + after.stderr, "the key is shown")
            expect(not machine.left(), f"left behind: {machine.left()}")
            check_stored(machine, after.stdout if result == "signal" else None)
        finally:
            machine.end()


def check_stored(machine, said):
    """All of it is a video at the server, and of what was recovered the hash is the one told."""
    sizes = {path: path.stat().st_size for path in machine.stored()}
    expect(sizes and all(sizes.values()), f"stored: {sizes}")
    if said:
        told = re.search(r"sha256: (\w{64})", said)
        expect(told, said)
        hashes = [hashlib.sha256(path.read_bytes()).hexdigest() for path in machine.stored()]
        expect(told.group(1) in hashes, f"{told.group(1)} is not among {hashes}")


GROUPS = {"verify": verify, "security": security, "enable": enable, "recording": recording}


def main():
    parser = argparse.ArgumentParser()
    for name in ("--root", "--units", "--recover", "--standin", "--plugin"):
        parser.add_argument(name, type=lambda path: pathlib.Path(path).resolve(), required=True)
    parser.add_argument("group", choices=GROUPS)
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="units-") as name:
        folder = pathlib.Path(name)
        units = units_of(arguments, folder)
        if arguments.group == "recording":
            units = [unit for unit in units if unit[0] == "recording"]
        if arguments.group == "enable":  # a timer starts the recoveries
            units = [unit for unit in units if unit[0] == "recording" or unit[1].suffix == ".timer"]
        if arguments.group == "security":  # a timer runs nothing
            units = [unit for unit in units if unit[1].suffix == ".service"]
        print(f"1..{len(units)}")
        for number, (kind, path) in enumerate(units, 1):
            title = f"/systemd/{arguments.group}/{kind}/{path.name}"
            try:
                GROUPS[arguments.group](kind, path, arguments, folder)
                print(f"ok {number} - {title}")
            except Skip as reason:
                print(f"ok {number} - {title} # SKIP {reason}")
            except (AssertionError, subprocess.TimeoutExpired) as error:
                failed += 1
                print("\n".join(f"# {line}" for line in str(error).splitlines()[-60:]))
                print(f"not ok {number} - {title}")
            sys.stdout.flush()
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
