#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts single tests in the testlog.json files that `meson test` leaves: one line for each file.

Prints "PASSED FAILED SKIPPED"; names what failed on standard error. Of a program that crashed or
hung, each test that it did not come to counts as failed: `PROGRAM -l` lists them, where it is one of
GLib's, else its plan says how many. Knows TAP only; must not know what is tested.
"""

import json
import os
import re
import subprocess
import sys

POINT = re.compile(r"^(\s*)(not ok|ok)\b\s*\d*\s*(?:-\s*)?(.*)$")
PLAN_SKIPS_ALL = re.compile(r"^1\.\.0\b", re.MULTILINE)
PLAN = re.compile(r"^1\.\.([0-9]+)", re.MULTILINE)
DIED = ("ERROR", "TIMEOUT", "INTERRUPT", "FAIL")
DIRECTIVE = re.compile(r"#\s*(skip|todo)\b", re.IGNORECASE)


def points(tap):
    """Yields (passed, skipped, name) of each leaf: newer GLib nests a suite's tests by indentation,
    and closes each block with a line of its own that must not count."""
    deepest = 0
    for line in tap.splitlines():
        match = POINT.match(line)
        if not match:
            continue
        indent = len(match.group(1))
        if indent < deepest:
            deepest = indent
            continue
        deepest = indent
        directive = DIRECTIVE.search(match.group(3))
        skipped = bool(directive) and directive.group(1).lower() == "skip"
        todo = bool(directive) and not skipped
        yield match.group(2) == "ok" or todo, skipped, match.group(3)


def listed(program):
    """The paths of a GLib program's tests; empty where it is something else."""
    command = program.get("command") or []
    if not command or any(os.path.basename(word).startswith("python") for word in command[:1]):
        return []
    try:
        told = subprocess.run(
            [*command, "-l"],
            env={**os.environ, **(program.get("env") or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=120,
            check=False,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return []
    return [line for line in told.splitlines() if line.startswith("/")]


def not_run(program, tap, ran, ask):
    """What a program that died owes: the names of tests, or how many when it is not known which."""
    paths = ask(program)
    if paths:
        left = list(paths)
        for test in ran:
            # what is said of a test follows its name
            path = next((path for path in left if re.match(re.escape(path) + r"(\s|$)", test)), None)
            if path:
                left.remove(path)
        return left
    plan = PLAN.search(tap)
    missing = int(plan.group(1)) - len(ran) if plan else 0
    return [f"{missing} more that it announced"] * missing


def count(program, ask=listed):
    passed = failed = skipped = 0
    name = program["name"]
    tap = program.get("stdout") or ""
    ran = []
    for good, was_skipped, test in points(tap):
        ran.append(test)
        if not good:
            failed += 1
            print(f"  failed: {name}: {test}", file=sys.stderr)
        elif was_skipped:
            skipped += 1
            print(f"  skipped: {name}: {test}", file=sys.stderr)
        else:
            passed += 1
    result = program["result"]
    if result == "SKIP" and not ran and PLAN_SKIPS_ALL.search(tap):
        return passed, failed, skipped + 1
    missing = not_run(program, tap, ran, ask) if result in DIED or not ran else []
    if missing or not ran or (result in DIED and failed == 0):
        failed += max(len(missing), 1 if failed == 0 else 0)
        print(
            f"  failed: {name}: {result.lower()}, exit status {program.get('returncode')}, "
            f"after {len(ran)} tests",
            file=sys.stderr,
        )
    for test in dict.fromkeys(missing):
        print(f"  failed: {name}: did not come to {test}", file=sys.stderr)
    return passed, failed, skipped


def main():
    totals = [0, 0, 0]
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8", errors="replace") as log:
            for line in log:
                if line.strip():
                    for i, value in enumerate(count(json.loads(line))):
                        totals[i] += value
    print(*totals)


if __name__ == "__main__":
    main()
