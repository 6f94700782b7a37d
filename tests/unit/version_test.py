#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The version is in meson.build. Where it has to be said once more, it is the same one (TAP), and what
programs of packagers read can be read: metadata, manifest, recipe.

    version_test.py ROOT

A program that is not installed is no failure: the case is skipped, and says so.
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(sys.argv[1]).resolve()
VERSION = re.search(r"^  version: '([^']+)'", (ROOT / "meson.build").read_text(), re.MULTILINE)[1]


class Skip(Exception):
    """Why a case cannot be tried here."""


def same(here, wanted):
    assert here == wanted, f"{here} instead of {wanted}"


def changelog():
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d{2}-\d{2}$", text, re.MULTILINE)
    same(versions[0], VERSION)


def debian():
    """A package of the sources themselves: no revision of the packaging."""
    same((ROOT / "debian/source/format").read_text().strip(), "3.0 (native)")
    first = (ROOT / "debian/changelog").read_text().splitlines()[0]
    same(re.match(r"gst-tus \(([^)]+)\) ", first)[1], VERSION)


def manuals():
    for page in sorted((ROOT / "docs/man").glob("*.1")):
        heads = [line for line in page.read_text().splitlines() if line.startswith(".TH ")]
        assert len(heads) == 1 and '"gst-tus @VERSION@"' in heads[0], f"{page.name}: {heads}"


def nowhere_else():
    """Only what cannot ask meson says it."""
    told = re.compile(rf"(?<![\d.]){re.escape(VERSION)}(?![\d.])")
    for folder in ("src", "plugin", "examples", "systemd", "docs/man"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc" and told.search(
                    path.read_text(errors="replace")):
                raise AssertionError(f"{path.relative_to(ROOT)} has the version in it")


def recipe():
    (path,) = (ROOT / "packaging/yocto").glob("*.bb")
    same(path.name, f"gst-tus_{VERSION}.bb")
    told = re.search(r"file://LICENSE;md5=([0-9a-f]+)", path.read_text())[1]
    same(told, hashlib.md5((ROOT / "LICENSE").read_bytes()).hexdigest())


def run(folder, program, *words):
    if not shutil.which(program):
        raise Skip(f"there is no {program} here")
    ran = subprocess.run([program, *words], cwd=folder, capture_output=True, text=True, timeout=60,
                         check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def metadata():
    text = (ROOT / "plugin/gst-tus.metainfo.xml.in").read_text()
    same(re.findall(r'<release version="([^"]+)"', text)[0], "@VERSION@")
    with tempfile.TemporaryDirectory() as folder:
        name = re.search(r"<id>(.*)</id>", text)[1]
        path = pathlib.Path(folder) / f"{name}.metainfo.xml"
        path.write_text(text.replace("@VERSION@", VERSION))
        run(folder, "appstreamcli", "validate", "--no-net", str(path))


def manifest():
    (path,) = (ROOT / "packaging/flatpak").glob("*.yml")
    with tempfile.TemporaryDirectory() as folder:  # it leaves something where it runs
        said = run(folder, "flatpak-builder", "--show-manifest", str(path))
    assert f'"id" : "{path.stem}"' in said, said


def layer():
    """What BitBake makes of the recipe, in a shell that is set up for a build."""
    (path,) = (ROOT / "packaging/yocto").glob("*.bb")
    folder = os.environ.get("BUILDDIR")
    if not folder:
        raise Skip("no build of Yocto is set up here (BUILDDIR)")
    if os.geteuid() == 0:
        raise Skip("BitBake does not run as root")
    said = run(folder, "bitbake", "--buildfile", str(path), "--environment")
    packages = re.search(r'^PACKAGES="([^"]*)"$', said, re.MULTILINE)[1].split()
    # What is installed and in no package stops a build.
    for wanted in ("gst-tus", "gst-tus-tools", "gst-tus-doc", "gst-tus-bash-completion"):
        assert wanted in packages, f"no package {wanted}: {packages}"


CASES = [changelog, debian, manuals, nowhere_else, recipe, metadata, manifest, layer]


def main():
    print(f"1..{len(CASES)}")
    failed = 0
    for number, case in enumerate(CASES, 1):
        title = f"{number} - /version/{case.__name__}"
        try:
            case()
            print(f"ok {title}")
        except Skip as reason:
            print(f"ok {title} # SKIP {reason}")
        except AssertionError as error:
            failed += 1
            print("".join(f"# {line}\n" for line in str(error).splitlines()), end="")
            print(f"not ok {title}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
