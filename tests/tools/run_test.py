#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What tests/run.sh and examples/install-dependencies.sh ask the machine for, with programs in the place
of the real ones that only note that they were called. Builds and installs nothing. Speaks TAP."""

import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1])
INSTALLERS = ("apt-get", "sudo", "npm", "go", "pip", "pip3")
# Noted, and do nothing. What builds and tests fails, so that a run is over at once.
STANDINS = {
    **{name: "exit 1" for name in (*INSTALLERS, "meson", "ninja", "python3", "dpkg-query")},
    **{name: "exit 0" for name in ("apt-get", "sudo", "systemctl", "apt-cache")},
    "clang": 'case "$1" in -dumpversion) echo 99.1.2 ;; *) echo /nowhere ;; esac',
    "clang++": "exit 1",
    "clang-format": "echo clang-format version 99.0.0",
    "valgrind": "exit 1",
}


class Machine:
    def __init__(self, folder, *absent):
        self.folder = pathlib.Path(folder)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        self.calls = self.folder / "calls"
        self.calls.touch()
        for name, does in STANDINS.items():
            if name not in absent:
                self.put(name, f'echo "{name} $*" >> "{self.calls}"\n{does}')
        for name in ("bash", "sed", "grep", "mktemp", "rm", "tail", "cat", "env", "dirname", "nproc", "cmp",
                     "timeout", "mkdir", "cp", "sort", "head", "find", "uname", "id", "mv"):
            if name not in absent and not (self.bin / name).exists():
                (self.bin / name).symlink_to(shutil.which(name))

    def put(self, name, text):
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{text}\n")
        path.chmod(0o755)

    def run(self, *command):
        env = {"PATH": str(self.bin), "HOME": str(self.folder), "TMPDIR": str(self.folder),
               "XDG_CACHE_HOME": str(self.folder / "cache"), "FUZZ_SECONDS": "1"}
        ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60,
                             stdin=subprocess.DEVNULL, check=False)
        return ran, ran.stdout + ran.stderr

    def called(self, *names):
        return [line for line in self.calls.read_text().splitlines() if line.split(" ")[0] in names]


def nothing_is_installed(folder):
    """Whatever else is asked for."""
    machine = Machine(folder)
    for options in ([], ["--clang"], ["--fuzz"], ["--valgrind"], ["--faults"], ["--format"], ["--big"],
                    ["--asan", "--leaks", "--suite", "interop"]):
        machine.run("bash", "tests/run.sh", "--no-install", *options)
        called = machine.called(*INSTALLERS)
        assert not called, f"{options}: {called}"


def what_is_not_there_is_skipped(folder):
    machine = Machine(folder, "clang", "clang++", "valgrind", "clang-format")
    for option in ("--clang", "--fuzz", "--valgrind", "--format"):
        _, said = machine.run("bash", "tests/run.sh", "--no-install", option)
        assert "0 passed, 1 failed, 1 skipped" in said and f"skipped: {option[2:]}" in said, said


def another_layout_is_skipped(folder):
    _, said = Machine(folder).run("bash", "tests/run.sh", "--no-install", "--format")
    assert "skipped: format: the layout is clang-format 14's" in said, said
    other = pathlib.Path(folder) / "other"
    other.mkdir()
    machine = Machine(other)
    machine.put("clang-format-14", f'echo "clang-format-14 $1" >> "{machine.calls}"; '
                                   "echo clang-format version 14.0.6")
    _, said = machine.run("bash", "tests/run.sh", "--no-install", "--format")
    assert "1 passed, 0 failed, 0 skipped" in said, said
    assert machine.called("clang-format-14")[-1].endswith("--dry-run")


def fuzzing_gets_its_library(folder):
    machine = Machine(folder)
    machine.run("bash", "tests/run.sh", "--fuzz")
    called = machine.called("apt-get", "sudo")
    assert any(line.endswith(" libclang-rt-99-dev") for line in called), called


def layout_is_looked_after(folder):
    """Where clang-format 14 can be had, it is installed."""
    machine = Machine(folder)
    machine.run("bash", "tests/run.sh", "--format")
    called = machine.called("apt-get", "sudo")
    assert any(line.endswith(" clang-format-14") for line in called), called


def without_root(folder):
    """The advice names the packages."""
    machine = Machine(folder, "sudo", "id")
    machine.put("id", "echo 1000")
    ran, said = machine.run("bash", "examples/install-dependencies.sh")
    assert ran.returncode != 0
    assert "As root: apt-get update && apt-get install " in said and "libsoup-3.0-dev" in said, said
    assert not machine.called("apt-get")


CASES = [nothing_is_installed, what_is_not_there_is_skipped, another_layout_is_skipped,
         fuzzing_gets_its_library, layout_is_looked_after, without_root]


def main():
    print(f"1..{len(CASES)}", flush=True)
    failed = 0
    for number, case in enumerate(CASES, 1):
        try:
            with tempfile.TemporaryDirectory(prefix="gst-tus-run-") as folder:
                case(folder)
            good = True
        except (AssertionError, subprocess.SubprocessError) as error:
            good = False
            print("".join(f"# {line}\n" for line in str(error).splitlines()), end="")
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - /run/{case.__name__}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
