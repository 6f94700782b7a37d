#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which folder may include what: the arrows of docs/architecture.md, as a test (TAP). And that each
file includes what it uses of the standard library."""
import pathlib
import re
import sys

ROOT = pathlib.Path(sys.argv[1])
# folder -> prefixes of quoted includes that it may use, besides its own folder's
ALLOWED = {
    "src/base": [],
    "src/replay": ["base/"],
    "src/tus": ["base/"],
    "src/glib": [],
    "src/http": ["base/", "glib/"],
    "src/gcore": ["base/", "glib/", "http/dates.h", "http/transport.h", "upload/target.h"],
    "src/upload": ["base/", "glib/", "tus/", "replay/", "http/dates.h", "http/transport.h"],
    "src/record": ["base/", "glib/", "gcore/api_client.h", "http/soup_transport.h",
                   "recover/credentials.h", "recover/json_line.h", "upload/host_header.h",
                   "gsttus_version.h"],
    "src/recover": ["base/", "glib/", "tus/", "replay/", "http/", "gcore/", "upload/",
                    "gsttus_version.h"],
    "plugin": ["base/", "glib/", "tus/", "http/", "gcore/", "upload/", "gsttus_version.h"],
}
# system include prefix -> folders that may use it
ONLY = {
    "libsoup/": ["src/http"],
    "json-glib/": ["src/gcore", "src/recover"],
    "gst/": ["plugin", "src/record"],
    "glib": ["src/glib", "src/http", "src/gcore", "src/upload", "src/recover", "src/record",
             "plugin"],
    "gio/": ["src/glib", "src/http", "src/gcore", "src/upload", "src/recover", "src/record",
             "plugin"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')
# What is used must be included, here or in a header of ours: what headers of the standard library
# bring along changes from one compiler to the next.
COMES_FROM = {
    "cstdint": r"\bu?int(?:(?:_least|_fast)?(?:8|16|32|64)|max|ptr)_t\b"
               r"|\bU?INT(?:8|16|32|64|MAX|PTR)_(?:MAX|MIN)\b",
    "algorithm": r"\bstd::(?:min|max|clamp|sort|stable_sort|find|find_if|find_if_not|any_of|all_of"
                 r"|none_of|count_if|transform|remove_if|reverse|equal|copy_n|copy|fill|fill_n"
                 r"|lower_bound|upper_bound|search|replace|unique|rotate)\(",
    "cstring": r"\bstd::(?:memcpy|memmove|memset|memcmp|memchr|strlen|strcmp|strncmp|strerror)\(",
    "cstdlib": r"\bstd::(?:getenv|strtol|strtoul|strtoull|strtoll|atoi|abort|exit|_Exit)\(",
    "cstdio": r"\bstd::(?:printf|fprintf|snprintf|fputs|puts|fopen|rename|remove)\(",
    "cctype": r"\bstd::(?:isspace|isdigit|isalpha|isalnum|isxdigit|tolower|toupper|iscntrl|isprint)"
              r"\(static_cast",
    "cerrno": r"\berrno\b",
    "array": r"\bstd::array<",
    "atomic": r"\bstd::atomic\b",
    "chrono": r"\bstd::chrono\b",
    "condition_variable": r"\bstd::condition_variable\b",
    "deque": r"\bstd::deque<",
    "filesystem": r"\bstd::filesystem\b",
    "functional": r"\bstd::(?:function<|ref\()",
    "limits": r"\bstd::numeric_limits<",
    "map": r"\bstd::(?:multi)?map<",
    "memory": r"\bstd::(?:unique_ptr|shared_ptr|weak_ptr|make_unique|make_shared)\b",
    "optional": r"\bstd::(?:optional|nullopt)\b",
    "random": r"\bstd::mt19937",
    "set": r"\bstd::(?:multi)?set<",
    "string": r"\bstd::(?:string|to_string)\b",
    "string_view": r"\bstd::string_view\b",
    "thread": r"\bstd::(?:thread|this_thread)\b",
    "utility": r"\bstd::(?:pair<|exchange\(|swap\()",
    "variant": r"\bstd::(?:variant|visit|get_if|holds_alternative|monostate)\b",
    "vector": r"\bstd::vector\b",
}
# These are part of what the header on the left is for.
BRINGS = {"string": ["string_view"], "map": ["utility"], "filesystem": ["string"]}


def problems(folder):
    paths = sorted((ROOT / folder).rglob("*.[ch]*"))
    if not paths:
        yield f"{folder} has no sources"
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            quoted, name = match.group(1) == '"', match.group(2)
            own = folder.removeprefix("src/") + "/"
            if quoted and "/" not in name and folder == "plugin":
                continue
            if quoted and not name.startswith(tuple([own, *ALLOWED[folder]])):
                yield f"{path.relative_to(ROOT)}:{number} includes {name}"
            for prefix, folders in ONLY.items():
                if not quoted and name.startswith(prefix) and folder not in folders:
                    yield f"{path.relative_to(ROOT)}:{number} includes <{name}>"


def unknown_folders():
    for path in sorted((ROOT / "src").iterdir()):
        if path.is_dir() and f"src/{path.name}" not in ALLOWED:
            yield f"src/{path.name} is not told here what it may include"


class Reached:
    """The standard headers that a file includes, itself or by headers of the project."""

    def __init__(self):
        folders = [ROOT / name for name in ("src", "plugin", "examples", "tests")]
        self.text = {path: path.read_text() for folder in folders for path in folder.rglob("*.*")
                     if path.suffix in (".h", ".cpp") and "node_modules" not in path.parts}
        self.places = [ROOT / name for name in ("src", "plugin", "examples/standin", "examples",
                                                "tests/support", "tests/interop")]
        self.known = {}

    def headers(self, path):
        if path in self.known:
            return self.known[path]
        found = self.known[path] = set() # before the others: headers may include each other
        for line in self.text[path].splitlines():
            match = INCLUDE.match(line)
            if match and match.group(1) == "<":
                found.update([match.group(2), *BRINGS.get(match.group(2), [])])
            elif match:
                places = (place / match.group(2) for place in [path.parent, *self.places])
                own = next((place for place in places if place in self.text), None)
                found.update(self.headers(own) if own else [])
        return found

    def missing(self):
        for path, text in sorted(self.text.items()):
            code = re.sub(r"//[^\n]*", "", text)
            for header, use in COMES_FROM.items():
                if header not in self.headers(path) and re.search(use, code):
                    yield f"{path.relative_to(ROOT)} uses what is in <{header}>"


results = {folder: list(problems(folder)) for folder in ALLOWED}
results["every-folder-is-known"] = list(unknown_folders())
results["what-is-used-is-included"] = list(Reached().missing())
print(f"1..{len(results)}")
failed = 0
for index, (folder, found) in enumerate(results.items(), 1):
    failed += bool(found)
    for problem in found:
        print(f"# {problem}")
    print(f"{'not ok' if found else 'ok'} {index} - /includes/{folder}")
sys.exit(1 if failed else 0)
