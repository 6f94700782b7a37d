#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What count_tests.py makes of logs: what went wrong must never count as passed. Speaks TAP."""

import contextlib
import io
import sys

from count_tests import count

ROWS = [
    # name, TAP text, meson's result, (passed, failed, skipped)
    ("all pass", "1..2\nok 1 /a\nok 2 /b\n", "OK", (2, 0, 0)),
    ("one fails", "1..2\nok 1 /a\nnot ok 2 /b\n", "FAIL", (1, 1, 0)),
    ("one is skipped", "1..2\nok 1 /a\nok 2 /b # SKIP no tusd\n", "OK", (1, 0, 1)),
    ("a crash after a pass", "1..2\nok 1 /a\n", "ERROR", (1, 1, 0)),
    ("a crash that was reported", "1..2\nok 1 /a\nnot ok /b - x\nBail out!\n", "ERROR", (1, 1, 0)),
    ("a hang", "1..2\nok 1 /a\n", "TIMEOUT", (1, 1, 0)),
    ("a non-zero exit after passing", "1..1\nok 1 /a\n", "ERROR", (1, 1, 0)),
    ("nothing ran", "", "SKIP", (0, 1, 0)),
    ("nothing could run", "1..0 # SKIP not here\n", "SKIP", (0, 0, 1)),
    ("fewer than announced", "1..3\nok 1 /a\n", "ERROR", (1, 2, 0)),
    ("a hang before others", "1..5\nok 1 /a\nok 2 /b # SKIP no\n", "TIMEOUT", (1, 3, 1)),
    ("a crash that was reported before others", "1..4\nok 1 /a\nnot ok 2 /b - x\n", "ERROR",
     (1, 3, 0)),
    ("a failure that stops nothing", "1..2\nnot ok 1 /a\nok 2 /b\n", "FAIL", (1, 1, 0)),
    ("a death before the first", "1..3\n", "ERROR", (0, 3, 0)),
    ("a death before all is said", "", "ERROR", (0, 1, 0)),
    (
        "nested suites count once",
        "TAP version 14\n# Subtest: a\n    ok 1 /a/b\n    ok 2 /a/c\n    1..2\nok 1 - a\nok 2 /d\n1..2\n",
        "OK",
        (3, 0, 0),
    ),
    (
        "a nested failure counts once",
        "# Subtest: a\n    not ok 1 /a/b\n    1..1\nnot ok 1 - a\n1..1\n",
        "FAIL",
        (0, 1, 0),
    ),
]

# With a list, as `PROGRAM -l` gives it: name, list, TAP text, meson's result, expected
LISTED = [
    ("one dies among nested ones", ["/a/b", "/a/bc", "/d"],
     "TAP version 14\n# Subtest: a\n    ok 1 /a/b\n", "ERROR", (1, 2, 0)),
    ("nothing came of the list", ["/a", "/b"], "", "ERROR", (0, 2, 0)),
    ("told of, then dead", ["/a", "/b", "/c"], "ok 1 /a\nnot ok 2 /b - ERROR:x\nBail out!\n",
     "ERROR", (1, 2, 0)),
    ("dead after all", ["/a"], "ok 1 /a # 2.1 s\n1..1\n", "ERROR", (1, 1, 0)),
    ("left out on purpose", ["/a", "/b"], "ok 1 /a\n1..1\n", "OK", (1, 0, 0)),
]


def asked_for_its_list():
    """A real program: it dies in its second of three tests."""
    script = (
        'case "$*" in *-l) printf "# seed\\n/x/a\\n/x/b\\n/x/c\\n";; '
        '*) echo "ok 1 /x/a"; kill -9 $$;; esac'
    )
    program = {"name": "x", "stdout": "ok 1 /x/a\n", "result": "ERROR", "returncode": -9,
               "command": ["/bin/sh", "-c", script, "sh"], "env": {}}
    return count(program)


def main():
    rows = [(name, tap, result, expected, lambda program: [])
            for name, tap, result, expected in ROWS]
    rows += [(name, tap, result, expected, lambda program, tests=tests: tests)
             for name, tests, tap, result, expected in LISTED]
    print(f"1..{len(rows) + 1}")
    failed = 0
    for number, (name, tap, result, expected, ask) in enumerate(rows, 1):
        with contextlib.redirect_stderr(io.StringIO()):
            counted = count({"name": name, "stdout": tap, "result": result, "returncode": 0}, ask)
        if counted != expected:
            print(f"# {counted} instead of {expected}")
            failed += 1
        print(f"{'ok' if counted == expected else 'not ok'} {number} - {name}")
    with contextlib.redirect_stderr(io.StringIO()):
        good = asked_for_its_list() == (1, 2, 0)
    failed += not good
    print(f"{'ok' if good else 'not ok'} {len(rows) + 1} - it is asked for its list")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
