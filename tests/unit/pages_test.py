#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The gst-tus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""README.md and docs/ are true as far as reading can tell (TAP): what they link to is there, each
page is in the index, each command for a shell is run by a test or named with the reason, and the
messages that docs/troubleshooting.md quotes are those of the sources.

    pages_test.py ROOT
"""
import pathlib
import re
import sys

CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
MOST_PICTURE = 150_000  # bytes
LITERAL = r'"(?:[^"\\\n]|\\.)*"'
LITERALS = re.compile(rf"{LITERAL}(?:\s*{LITERAL})*")
COMMENT = re.compile(rf"({LITERAL})|//[^\n]*")


# --- links ---------------------------------------------------------------------------------------

def anchors(text):
    """The names that headings get."""
    found = set()
    for heading in re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S),
                              re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        name = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = sum(1 for one in found if re.fullmatch(re.escape(name) + r"(-\d+)?", one))
        found.add(f"{name}-{number}" if number else name)
    return found


def links(text):
    return [to for to in LINK.findall(CODE.sub("", text)) if not re.match(r"[a-z]+:", to)]


def broken_links(root, pages):
    for page in pages:
        for to in links(page.read_text()):
            path, _, anchor = to.partition("#")
            target = (page.parent / path).resolve() if path else page
            if not target.exists() or not target.is_relative_to(root):
                yield f"{page.relative_to(root)}: {to} is not there"
            elif anchor and anchor not in anchors(target.read_text()):
                yield f"{page.relative_to(root)}: {to} has no such heading"


def bad_pictures(root, pages):
    for page in pages:
        for instead, path in PICTURE.findall(CODE.sub("", page.read_text())):
            file = page.parent / path
            if len(instead.split()) < 5:
                yield f"{page.relative_to(root)}: {path} has no words for who does not see it"
            if file.exists() and file.stat().st_size > MOST_PICTURE:
                yield f"{path} has {file.stat().st_size} bytes, more than {MOST_PICTURE}"


def not_in_the_index(root):
    index = root / "docs" / "README.md"
    listed = {(index.parent / to.partition("#")[0]).resolve() for to in links(index.read_text())}
    for page in sorted((root / "docs").glob("*.md")):
        if page != index and page not in listed:
            yield f"docs/README.md does not name {page.name}"


# --- commands ------------------------------------------------------------------------------------

def unknown_commands(root, printed):
    for page in printed.pages(root):
        for command in printed.unaccounted(page.read_text()):
            yield f"{page.relative_to(root)}: nobody runs \"{command}\" (tests/examples/printed.py)"


def stale_reasons(root, printed):
    commands = [command for page in printed.pages(root)
                for block in printed.shell_blocks(page.read_text())
                for command in printed.commands(block)]
    for one in printed.ELSEWHERE:
        if not any(re.fullmatch(one, command, re.DOTALL) for command in commands):
            yield f"tests/examples/printed.py: no page has \"{one}\" any more"


def pages_that_no_test_runs(root, printed):
    build = (root / "tests" / "examples" / "meson.build").read_text()
    for page in printed.pages(root):
        name = page.relative_to(root).with_suffix("").as_posix()
        if list(printed.cases(page.read_text())) and f"'{name}'" not in build:
            yield f"tests/examples/meson.build: {name} has commands, and is not run"


# --- messages ------------------------------------------------------------------------------------

def literals(code):
    """The texts in C++ code; those that stand beside each other are one."""
    for match in LITERALS.findall(COMMENT.sub(lambda one: one[1] or "", code)):
        parts = re.findall(r'"((?:[^"\\\n]|\\.)*)"', match)
        yield re.sub(r"\\(.)", r"\1", "".join(parts))


def quoted(page):
    """What stands in "quotes" in the first column of a table."""
    for line in page.splitlines():
        if line.startswith("| "):
            cell = re.sub(r"`[^`]*`", "", line.split(" | ")[0])
            yield from re.findall(r'"([^"]+)"', cell)


def unsaid(page, texts):
    """Of a quotation, each part between two … must be said; its first letter may be a capital."""
    known = "\n".join(texts)
    for quotation in quoted(page):
        for part in quotation.split("…"):
            part = part.strip()
            if part and part not in known and part[0].lower() + part[1:] not in known:
                yield f"docs/troubleshooting.md: nothing says \"{part}\""


def texts_of(root):
    return [text for folder in ("src", "plugin") for path in sorted((root / folder).rglob("*.cpp"))
            for text in literals(path.read_text())]


# --- the test of the test ------------------------------------------------------------------------

SAMPLE = """# One & two: `three` …

## Again
## Again

```sh
git clone URL gst-tus && cd gst-tus
export A=b
gst-launch-1.0 a ! \\
    b      # said
dance --now
```

[a](x.md#y) ![p](p.png) `[no](link)` <!-- --> [out](https://x.org)

| "It is … gone" | x |
| "Never said", `"code"` | "y" |
"""


def self_checks(printed):
    """name -> (what it gives, what it must give)"""
    texts = list(literals('f("it is ", a, " gone" // "x"\n " http://"); g("say \\"no\\"");'))
    return {
        "anchors": (anchors(SAMPLE), {"one--two-three-", "again", "again-1"}),
        "links": (links(SAMPLE), ["x.md#y", "p.png"]),
        "commands": (printed.commands(printed.shell_blocks(SAMPLE)[0])[2:],
                     ["gst-launch-1.0 a ! \\\n    b", "dance --now"]),
        "cases": (list(printed.cases(SAMPLE)),
                  [("sh", ["export A=b"], "gst-launch-1.0 a ! \\\n    b")]),
        "unaccounted": (list(printed.unaccounted(SAMPLE)), ["dance --now"]),
        "literals": (texts, ["it is ", " gone http://", 'say "no"']),
        "unsaid": (list(unsaid(SAMPLE, texts)),
                   ['docs/troubleshooting.md: nothing says "Never said"']),
    }


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(root / "tests" / "examples"))
    import printed  # pylint: disable=import-outside-toplevel,import-error
    pages = printed.pages(root)
    texts = texts_of(root)
    results = [(f"self-check/{name}", [] if got == wanted else [f"{got!r} instead of {wanted!r}"])
               for name, (got, wanted) in self_checks(printed).items()]
    results += [
        ("links", list(broken_links(root, pages))),
        ("pictures", list(bad_pictures(root, pages))),
        ("index", list(not_in_the_index(root))),
        ("commands", list(unknown_commands(root, printed))),
        ("reasons", list(stale_reasons(root, printed))),
        ("run", list(pages_that_no_test_runs(root, printed))),
        ("messages", list(unsaid((root / "docs" / "troubleshooting.md").read_text(), texts))),
        ("seen", [] if len(pages) > 5 and len(texts) > 500 else [f"{len(pages)}, {len(texts)}"]),
    ]
    print(f"1..{len(results)}")
    for number, (name, lines) in enumerate(results, 1):
        for line in lines:
            print(f"# {line}")
        print(f"{'not ok' if lines else 'ok'} {number} - /pages/{name}")
    return any(lines for _, lines in results)


if __name__ == "__main__":
    sys.exit(main())
