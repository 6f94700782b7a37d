#!/usr/bin/env python3
"""Counts single tests in the testlog.json files that `meson test` leaves: one line for each file.

Prints "PASSED FAILED SKIPPED"; names what failed on standard error. A program that crashed, hung,
announced more tests than it ran, or ran none counts as one failure more. Knows TAP only; must not
know what is tested.
"""

import json
import re
import sys

POINT = re.compile(r"^(\s*)(not ok|ok)\b\s*\d*\s*(?:-\s*)?(.*)$")
PLAN_SKIPS_ALL = re.compile(r"^1\.\.0\b", re.MULTILINE)
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


def count(program):
    passed = failed = skipped = 0
    name = program["name"]
    tap = program.get("stdout") or ""
    for good, was_skipped, test in points(tap):
        if not good:
            failed += 1
            print(f"  failed: {name}: {test}", file=sys.stderr)
        elif was_skipped:
            skipped += 1
            print(f"  skipped: {name}: {test}", file=sys.stderr)
        else:
            passed += 1
    result = program["result"]
    ran = passed + failed + skipped
    if result == "SKIP" and ran == 0 and PLAN_SKIPS_ALL.search(tap):
        skipped += 1
    elif ran == 0 or (result in ("ERROR", "TIMEOUT", "INTERRUPT", "FAIL") and failed == 0):
        failed += 1
        print(
            f"  failed: {name}: {result.lower()}, exit status {program.get('returncode')}, "
            f"after {ran} tests",
            file=sys.stderr,
        )
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
