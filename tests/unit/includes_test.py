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
    "src/recover": ["base/", "glib/", "tus/", "replay/", "http/", "gcore/", "upload/",
                    "gsttus_version.h"],
    "plugin": ["base/", "glib/", "tus/", "replay/", "http/", "gcore/", "upload/",
               "gsttus_version.h"],
}
# system include prefix -> folders that may use it
ONLY = {
    "libsoup/": ["src/http"],
    "json-glib/": ["src/gcore"],
    "gst/": ["plugin"],
    "glib": ["src/glib", "src/http", "src/gcore", "src/upload", "src/recover", "plugin"],
    "gio/": ["src/glib", "src/http", "src/gcore", "src/upload", "src/recover", "plugin"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]')


def problems(folder):
    for path in sorted((ROOT / folder).glob("*.[ch]*")):
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


print(f"1..{len(ALLOWED)}")
failed = 0
for index, folder in enumerate(ALLOWED, 1):
    found = list(problems(folder))
    failed += bool(found)
    for problem in found:
        print(f"# {problem}")
    print(f"{'not ok' if found else 'ok'} {index} - /includes/{folder}")
sys.exit(1 if failed else 0)
