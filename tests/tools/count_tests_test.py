#!/usr/bin/env python3
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
    ("fewer than announced", "1..3\nok 1 /a\n", "ERROR", (1, 1, 0)),
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


def main():
    print(f"1..{len(ROWS)}")
    failed = 0
    for number, (name, tap, result, expected) in enumerate(ROWS, 1):
        with contextlib.redirect_stderr(io.StringIO()):
            counted = count({"name": name, "stdout": tap, "result": result, "returncode": 0})
        if counted != expected:
            print(f"# {counted} instead of {expected}")
            failed += 1
        print(f"{'ok' if counted == expected else 'not ok'} {number} - {name}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
