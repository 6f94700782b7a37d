#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each source file names its licence and its copyright holder in the form of SPDX (TAP).

    spdx_test.py ROOT         checks
    spdx_test.py ROOT --add   writes the two lines into the files that have none

Sources are what a person wrote to be compiled, run, installed or read as a page by a program. Texts
for people, lists of other programs (*.json, .npmrc) and recordings that tests compare with have none:
debian/copyright speaks for them.
"""
import pathlib
import re
import sys

LINES = ("SPDX-FileCopyrightText: 2026 The gst-tus developers",
         "SPDX-License-Identifier: LGPL-2.1-or-later")
SLASHES, HASHES, MARKS, STARS, ROFF = "// {}\n", "# {}\n", "<!-- {} -->\n", "/* {} */\n", '.\\" {}\n'
COMMENTS = {
    ".cpp": SLASHES, ".h": SLASHES, ".js": SLASHES, ".css": STARS, ".html": MARKS, ".xml": MARKS,
    ".py": HASHES, ".sh": HASHES, ".bash": HASHES, ".supp": HASHES, ".build": HASHES,
    ".service": HASHES, ".timer": HASHES, ".in": HASHES, ".yml": HASHES, ".yaml": HASHES,
    ".bb": HASHES, ".1": ROFF, "meson_options.txt": HASHES, "requirements.txt": HASHES,
    ".ci/run": HASHES, "debian/rules": HASHES, ".postrm": HASHES, "debian/tests/pipeline": HASHES,
}
FOLDERS = ("src", "plugin", "examples", "tests", "systemd", "docs", "packaging", "debian/tests", ".ci")
# What must stay the first line: it says how the file is read.
FIRST = re.compile(r"#!.*\n|<!DOCTYPE [^>]*>\n|<\?xml [^>]*\?>\n|# yaml-language-server.*\n")


def comment_of(path):
    """How a line of this file is made a comment; None where it is no source."""
    name = path.as_posix()
    if name.endswith(".metainfo.xml.in"):
        return None  # it says its own, as AppStream wants it
    return next((form for end, form in COMMENTS.items() if name.endswith(end)), None)


def sources(root):
    paths = [path for folder in FOLDERS for path in (root / folder).rglob("*")]
    # Deeper in debian/ is what a build of the packages leaves.
    paths += [root / "meson.build", root / "meson_options.txt", *(root / "debian").glob("*")]
    for path in sorted(paths):
        inside = path.relative_to(root)
        if "node_modules" in inside.parts or "__pycache__" in inside.parts or not path.is_file():
            continue
        if inside.parts[:3] == ("tests", "fuzz", "corpus") or not comment_of(inside):
            continue
        yield path, comment_of(inside)


def with_lines(text, comment):
    """The text with the two lines where they belong."""
    first = FIRST.match(text)
    at = first.end() if first else 0
    head = "".join(comment.format(line) for line in LINES)
    return text if text.startswith(head, at) else f"{text[:at]}{head}{text[at:]}"


def add(root):
    for path, comment in sources(root):
        text = path.read_text()
        told = with_lines(text, comment)
        if told != text:
            path.write_text(told)
            print(path.relative_to(root))


def self_checks():
    """name -> (what it gives, what it must give)"""
    c = "".join(f"// {line}\n" for line in LINES)
    h = "".join(f"# {line}\n" for line in LINES)
    x = "".join(f"<!-- {line} -->\n" for line in LINES)
    return {
        "added": (with_lines("// What it is.\n", SLASHES), f"{c}// What it is.\n"),
        "added-once": (with_lines(f"{c}// What it is.\n", SLASHES), f"{c}// What it is.\n"),
        "behind-the-interpreter": (with_lines("#!/bin/sh\n# It.\n", HASHES), f"#!/bin/sh\n{h}# It.\n"),
        "behind-the-doctype": (with_lines("<!DOCTYPE html>\n<p>\n", MARKS),
                               f"<!DOCTYPE html>\n{x}<p>\n"),
        "what-is-a-source": ([comment_of(pathlib.PurePath(name)) for name in
                              ("src/a.cpp", "a/meson.build", "b.service.in", "c.metainfo.xml.in",
                               "docs/a.md", "package.json", ".ci/run", "docs/man/a.1")],
                             [SLASHES, HASHES, HASHES, None, None, None, HASHES, ROFF]),
    }


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    if "--add" in sys.argv[2:]:
        add(root)
        return 0
    found = list(sources(root))
    results = [(f"self-check/{name}", [] if got == wanted else [f"{got!r} instead of {wanted!r}"])
               for name, (got, wanted) in self_checks().items()]
    results.append(("every-source", [
        f"{path.relative_to(root)} does not begin with the lines of SPDX: spdx_test.py ROOT --add"
        for path, comment in found if with_lines(path.read_text(), comment) != path.read_text()]))
    results.append(("some-sources", [] if len(found) > 100 else [f"only {len(found)} are seen"]))
    print(f"1..{len(results)}")
    for number, (name, lines) in enumerate(results, 1):
        for line in lines:
            print(f"# {line}")
        print(f"{'not ok' if lines else 'ok'} {number} - /spdx/{name}")
    return any(lines for _, lines in results)


if __name__ == "__main__":
    sys.exit(main())
