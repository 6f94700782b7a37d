# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The gst-tus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md, its like and docs/ print for a shell: the pages, the blocks in them, the commands
in those, and who runs each. pipelines_test.py runs what is for running; tests/unit/pages_test.py
sees that nothing else is printed than that, and what ELSEWHERE has.
"""

import re

SHELLS = ("sh", "bash", "shell", "console")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Run as printed by pipelines_test.py.
RUNS = re.compile(
    r"^(ffmpeg .*\| )?(gst-launch-1\.0|bash examples/ffmpeg-to-gcore\.sh|gst-tus-record"
    r"|gst-tus-check|gst-tus-recover|gst-inspect-1\.0)\b",
    re.DOTALL,
)
# Goes before each of the commands that follow it in its block.
PRELUDE = re.compile(r"^(export |[A-Z]+=)|&$")
# A program of its own.
PROGRAMS = {"python": "Gst.parse_launch"}
# What is not run by pipelines_test.py, and why that is all right.
ELSEWHERE = {
    r"git clone URL gst-tus && cd gst-tus": "tests/distro.sh clones the tree that it is in",
    r"bash examples/quickstart\.sh": "tests/distro.sh, in bare systems",
    r"bash examples/install-dependencies\.sh( --tests)?":
        "the quickstart and tests/run.sh begin with it",
    r"(GST_TUS_KILLS=200 )?bash tests/run\.sh( --(asan|soak|faults|suite [a-z]+))*":
        "tests/tools/run_test.py looks at its options; it would run itself",
    r"meson setup build|ninja -C build|meson compile -C build [a-z -]+": "tests/run.sh builds so",
    r"meson setup build --prefix ~/\.local .*": "tests/tools/configure_test.py",
    r"meson devenv -C build -w \.": "a shell for people",
    r"sudo meson install -C build": "tests/tools/configure_test.py: where it goes",
    r"build/tests/sim/cut-sim .*": "the suite sim runs it with fewer schedules",
    r"dpkg-buildpackage -us -uc -b|lintian .*":
        "by hand: it wants Debian's packaging tools and a copy of the tree",
    r"gst-tus-recover (--to \S+ )?/var/spool/cam/upload-\S+":
        "tests/component/recover_test.cpp has uploads, and recover_elsewhere_test.cpp",
    r"cp examples/systemd/\S+ /etc/systemd/system/|install -D -m 600 .*|systemctl .*":
        "root and a running systemd; tests/systemd/units_test.py verifies the units and runs what "
        "is in them",
}  # fmt: skip


def pages(root):
    return [*sorted(root.glob("*.md")), *sorted((root / "docs").rglob("*.md"))]


def shell_blocks(text):
    return [block for kind, block in BLOCK.findall(text) if kind in SHELLS]


def without_remark(line):
    return re.sub(r"(^|\s+)#\s.*$", "", line)


def commands(block):
    """One by one: a command goes on where a line ends with a backslash."""
    lines = (without_remark(line) for line in re.sub(r"\\\n", "\\\\\0", block).splitlines())
    return [line.replace("\\\0", "\\\n") for line in lines if line.strip()]


def cases(text):
    """(language, what goes before it, command) for each that pipelines_test.py runs."""
    for kind, block in BLOCK.findall(text):
        before = []
        for command in commands(block) if kind in SHELLS else []:
            if PRELUDE.search(command):
                before.append(command)
            elif RUNS.match(command) and not elsewhere(command):
                yield "sh", before[:], command
        if kind in PROGRAMS and PROGRAMS[kind] in block:
            yield kind, [], block


def elsewhere(command):
    """The entry of ELSEWHERE that speaks of it, or None."""
    return next((one for one in ELSEWHERE if re.fullmatch(one, command, re.DOTALL)), None)


def unaccounted(text):
    """Commands of which nobody knows whether they are true."""
    for block in shell_blocks(text):
        runs = any(RUNS.match(command) for command in commands(block))
        for command in commands(block):
            known = RUNS.match(command) or elsewhere(command) or PRELUDE.search(command) and runs
            if not known:
                yield command
