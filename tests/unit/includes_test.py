#!/usr/bin/env python3
"""Which folder may include what: the arrows of docs/architecture.md, as a test (TAP)."""
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


results = {folder: list(problems(folder)) for folder in ALLOWED}
results["every-folder-is-known"] = list(unknown_folders())
print(f"1..{len(results)}")
failed = 0
for index, (folder, found) in enumerate(results.items(), 1):
    failed += bool(found)
    for problem in found:
        print(f"# {problem}")
    print(f"{'not ok' if found else 'ok'} {index} - /includes/{folder}")
sys.exit(1 if failed else 0)
