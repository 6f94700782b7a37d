#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What --help lists is in the manual page and in the completion, and nothing else; it says the same
without a locale. Speaks TAP.

help_test.py SOURCES PROGRAM...
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")


def listed(text):
    return set(re.findall(r"^\s+(?:-\w, )?(--[a-z][a-z-]*)", text, re.M)) | {"--help"}


def of_the_manual(page):
    text = re.sub(r"\\f[A-Z]|\\&", "", page.read_text()).replace(r"\-", "-")
    options = text.split(".SH OPTIONS", 1)[1].split(".SH ", 1)[0]
    heads = [line for before, line in zip(options.splitlines(), options.splitlines()[1:])
             if before.strip() == ".TP"]  # fmt: skip
    return set(OPTION.findall("\n".join(heads)))


def completed(script, program, *words):
    """What bash offers for the last word."""
    lines = (
        f". {shlex.quote(str(script))}\nCOMP_WORDS=({program} {' '.join(repr(w) for w in words)})\n"
        f"COMP_CWORD={len(words)}\n_{program.replace('-', '_')}\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    answer = subprocess.run(
        ["bash", "-c", lines], capture_output=True, text=True, timeout=20, check=True
    )
    return set(answer.stdout.split())


def help_of(path, locale):
    """With the locale of this name; None: none is set."""
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith(("LC_", "LANG"))}  # fmt: skip
    if locale:
        environment["LC_ALL"] = locale
    return subprocess.run(
        [str(path), "--help"], capture_output=True, encoding="utf-8", timeout=20, check=True,
        env=environment,
    ).stdout  # fmt: skip


def check(sources, path):
    name = path.name
    program_help = help_of(path, "C.UTF-8")
    for locale in ("C", "POSIX", "xx_XX.not-there", None):
        lines = set(help_of(path, locale).splitlines())
        yield f"help in {locale or 'no locale'}", lines, set(program_help.splitlines())
        yield f"its characters in {locale or 'no locale'}", {c for c in "".join(lines) if c in "?\ufffd"}, set()
    if name == "gcore-standin":
        return  # it is not installed
    options = listed(program_help)
    folder = "recover" if name.endswith("recover") else "record"
    script = sources / "src" / folder / f"{name}.bash"
    yield "manual", of_the_manual(sources / "docs" / "man" / f"{name}.1"), options
    yield "completion", completed(script, name, "-"), options
    if folder == "record" and not name.endswith("record"):
        return  # it takes no files
    with tempfile.TemporaryDirectory() as there:
        (Path(there) / "folder").mkdir()
        yield "files", completed(script, name, f"{there}/fol"), {f"{there}/folder"}


def main():
    sources = Path(sys.argv[1]).resolve()
    results = [
        (f"{Path(path).name} {what}", found, expected)
        for path in sys.argv[2:]
        for what, found, expected in check(sources, Path(path).resolve())
    ]
    print(f"1..{len(results)}")
    failed = 0
    for number, (name, found, expected) in enumerate(results, 1):
        good = found == expected
        failed += not good
        if not good:
            print(f"# missing {sorted(expected - found)}, too many {sorted(found - expected)}")
        print(f"{'ok' if good else 'not ok'} {number} - {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
