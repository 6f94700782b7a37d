#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the table says of a case that failed: why, in one line, and no secrets. Speaks TAP."""

import sys

from table import MOST, plain

ROWS = [
    # name, the reason, what is said of it
    ("one line", "recover: a\n  b\n", "recover: a b"),
    ("no full stop twice", "not complete.", "not complete"),
    ("no query", "at http://h:1/files/ab?token=s3cret, then", "at http://h:1/files/ab then"),
    ("no user", "https://u:s3cret@h/files/ab", "https://h/files/ab"),
    ("no header", "sent Authorization: Bearer s3cret", "sent Authorization (and what follows)"),
]


def said(reason):
    """What stands behind FAILED, in the last line."""
    text = plain([{"fault": "a fault", "server": "tusd", "container": "ts", "failed": reason}])
    return text.splitlines()[-1].split("a fault (tusd): FAILED, ")[1]


def main():
    results = [(name, said(reason), expected) for name, reason, expected in ROWS]
    long = said("begin " + "x" * 5000 + " end")
    results.append(("begin and end of a long one", (long[:5], long[-3:]), ("begin", "end")))
    results.append(("a long one is cut", len(long) < MOST + 10, True))
    print(f"1..{len(results)}")
    for number, (name, got, expected) in enumerate(results, 1):
        if got != expected:
            print(f"# {got!r} instead of {expected!r}")
        print(f"{'ok' if got == expected else 'not ok'} {number} - {name}")
    return 0 if all(got == expected for _, got, expected in results) else 1


if __name__ == "__main__":
    sys.exit(main())
