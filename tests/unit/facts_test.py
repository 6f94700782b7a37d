#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-FileCopyrightText: 2026 The gst-tus authors
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What README.md and docs/ say in lists and numbers that something else here knows better (TAP):
versions, options of the build and the quickstart, defaults of properties, what gst-tus-recover
prints for programs. The elements' own pages are held to the registry by tests/element/docs_test.cpp.

    facts_test.py ROOT
"""
import pathlib
import re
import sys


def short(version):
    """2.10.0 as 2.10."""
    return ".".join(version.split(".")[:2])


def difference(what, said, is_so):
    if set(said) != set(is_so):
        yield (f"{what}: too much {sorted(set(said) - set(is_so))}, "
               f"too little {sorted(set(is_so) - set(said))}")


# --- versions ------------------------------------------------------------------------------------

def tested_servers(interop):
    """As tests/interop installs them: {(name, version)}"""
    texts = [(interop / name).read_text()
             for name in ("install.sh", "package.json", "requirements.txt")]
    found = {("tusd", one) for one in re.findall(r"tus/tusd(?:/v2)?@v([\d.]+)", texts[0])}
    found |= {("@tus/server", one)
              for one in re.findall(r'@tus/server(?:": "|@)([\d.]+)"', texts[1])}
    found |= {("tus-node-server", one)
              for one in re.findall(r"npm:tus-node-server@([\d.]+)", texts[1])}
    found |= {("aiohttp-tus", one) for one in re.findall(r"aiohttp-tus==([\d.]+)", texts[2])}
    return {(name, short(version)) for name, version in found}


def said_servers(text):
    """"tusd 1.13 and 2.10, aiohttp-tus 1.1" """
    found = set()
    for name in ("tusd", "@tus/server", "tus-node-server", "aiohttp-tus"):
        for numbers in re.findall(rf"{name}\s+([\d.]+\d(?: and [\d.]+\d)*)", text):
            found |= {(name, one) for one in numbers.split(" and ")}
    return found


def needed_versions(build):
    """{(name, version)} of meson.build."""
    names = {"gstreamer-1.0": "GStreamer", "libsoup-3.0": "libsoup", "json-glib-1.0": "json-glib"}
    found = {(names[one], short(version)) for one, version in
             re.findall(r"dependency\('([\w.-]+)', version: '>= ([\d.]+)'", build) if one in names}
    return found | {("meson", short(re.search(r"meson_version: '>= ([\d.]+)'", build)[1]))}


def said_needs(text):
    line = re.search(r"^Needed: .*?\n\n", text, re.MULTILINE | re.DOTALL)[0]
    return set(re.findall(r"(meson|GStreamer|libsoup|json-glib) ([\d.]+\d)", " ".join(line.split())))


# --- options -------------------------------------------------------------------------------------

def build_options(text):
    return re.findall(r"option\('(\w+)'", text)


def rows_of(text, heading):
    """The names in the first column of the table with this heading."""
    table = text.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0]
    cells = (line.split(" | ")[0] for line in table.splitlines() if line.startswith("| `"))
    return [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]


def quickstart_options(text):
    return re.findall(r"^#   (--[a-z]+)", text, re.MULTILINE)


# --- defaults ------------------------------------------------------------------------------------

UNITS = {"MiB": 1 << 20, "KiB": 1 << 10, "ms": 1, "s": 1000}


def defaults(page):
    """{name: number} of the table of properties; times in ms."""
    found = {}
    for name, number, unit in re.findall(
            r"^\| \[`([a-z-]+)`\]\(.*?\) \| `g\w+` \| `(\d+)`(?: (\w+))?", page, re.MULTILINE):
        found[name] = int(number) * (1000 if unit == "s" else 1)
    return found


def wrong_defaults(pages, known):
    for path, text in pages:
        for name, number, unit in re.findall(r"`([a-z-]+)`(?:,| \()\s?(\d+) (MiB|KiB|ms|s)\b", text):
            if name in known and known[name] != int(number) * UNITS[unit]:
                yield f"{path}: {name} is {known[name]}, not {number} {unit}"


# --- gst-tus-recover -----------------------------------------------------------------------------

def events_of(root):
    code = "".join(path.read_text() for path in (root / "src" / "recover").glob("*.cpp"))
    return re.findall(r'JsonLine line\("([a-z-]+)"', code)


def said_events(text):
    sentence = re.search(r"`event` is (.*?) with the counts", text, re.DOTALL)[1]
    return re.findall(r"`([a-z-]+)`", re.sub(r"\(.*?\)", "", sentence, flags=re.DOTALL))


def variables_of(root):
    code = (root / "src" / "recover" / "teller.cpp").read_text()
    return re.findall(r'"(GST_TUS_\w+)"', code)


def said_variables(text):
    sentence = re.search(r"They find (.*?) in their environment", text, re.DOTALL)[1]
    return re.findall(r"`(GST_TUS_\w+)`", sentence)


# -------------------------------------------------------------------------------------------------

def findings(root):
    docs = {path.stem: path.read_text() for path in (root / "docs").glob("*.md")}
    readme = (root / "README.md").read_text()
    build = (root / "meson.build").read_text()
    known = defaults(docs["tussink"]) | defaults(docs["gcoresink"])
    pages = [("README.md", readme), *((f"docs/{name}.md", text) for name, text in docs.items())]
    yield "tested", difference("README.md", said_servers(readme),
                               tested_servers(root / "tests" / "interop"))
    yield "needed", difference("docs/install.md", said_needs(docs["install"]),
                               needed_versions(build))
    yield "build-options", difference("docs/install.md", rows_of(docs["install"], "option"),
                                      build_options((root / "meson_options.txt").read_text()))
    yield "quickstart", difference(
        "docs/standin.md",
        [name.split()[0] for name in rows_of(docs["standin"], "option") if name.startswith("--")],
        quickstart_options((root / "examples" / "quickstart.sh").read_text()))
    yield "defaults", wrong_defaults(pages, known)
    yield "some-defaults", [] if len(known) > 15 else [f"only {len(known)} are seen"]
    yield "events", difference("docs/unattended.md", said_events(docs["unattended"]),
                               events_of(root))
    yield "variables", difference("docs/unattended.md", said_variables(docs["unattended"]),
                                  variables_of(root))


def self_checks():
    """name -> (what it gives, what it must give)"""
    return {
        "difference": (list(difference("x", ["a", "b"], ["b", "c"])),
                       ["x: too much ['a'], too little ['c']"]),
        "servers": (said_servers("tusd 1.13 and 2.10, x; aiohttp-tus 1.1."),
                    {("tusd", "1.13"), ("tusd", "2.10"), ("aiohttp-tus", "1.1")}),
        "defaults": (list(wrong_defaults([("x", "`a-b` (8 MiB), `t`, 30 s, `t` (1 s)")],
                                         defaults("| [`a-b`](#a) | `guint64` | `8388608` bytes |\n"
                                                  "| [`t`](#t) | `guint` | `30` s |\n"))),
                     ["x: t is 30000, not 1 s"]),
        "rows": (rows_of("\n| option | b |\n|---|---|\n| `x`, `y` | `z` |\n\n| `q` |", "option"),
                 ["x", "y"]),
    }


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    results = [(f"self-check/{name}", [] if got == wanted else [f"{got!r} instead of {wanted!r}"])
               for name, (got, wanted) in self_checks().items()]
    results += [(name, list(lines)) for name, lines in findings(root)]
    print(f"1..{len(results)}")
    for number, (name, lines) in enumerate(results, 1):
        for line in lines:
            print(f"# {line}")
        print(f"{'not ok' if lines else 'ok'} {number} - /facts/{name}")
    return any(lines for _, lines in results)


if __name__ == "__main__":
    sys.exit(main())
