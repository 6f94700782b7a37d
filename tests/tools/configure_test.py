#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `meson setup` makes of options: where things are installed, and what is built without a
library that only programs beside the sinks need. Configures only, in a temporary folder. Speaks TAP."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = sys.argv[1]


def pkg_config(*arguments):
    return subprocess.run(["pkg-config", *arguments], check=True, capture_output=True,
                          text=True).stdout.strip()


LOOKS_IN = pkg_config("--variable=pluginsdir", "gstreamer-1.0")
OWN = pkg_config("--variable=prefix", "gstreamer-1.0")
SMALL = ["-Dtests=false", "-Dexamples=false"]


def run(*words, env=None):
    ran = subprocess.run(words, capture_output=True, text=True, env=env, check=False)
    if ran.returncode != 0:
        raise AssertionError(ran.stdout[-2000:] + ran.stderr)


def introspect(build, what):
    told = subprocess.run(["meson", "introspect", f"--{what}", str(build)], check=True,
                          capture_output=True, text=True).stdout
    return json.loads(told)


def set_up(folder, *options, root=ROOT, env=None):
    build = pathlib.Path(tempfile.mkdtemp(dir=folder))
    run("meson", "setup", str(build), str(root), *options, env=env)
    return build


def configure(folder, *options, root=ROOT, env=None):
    """Returns the paths of what would be installed."""
    return list(introspect(set_up(folder, *options, root=root, env=env), "installed").values())


def plugin(paths):
    found = [path for path in paths if path.endswith("/libgsttus.so")]
    assert len(found) == 1, paths
    return os.path.dirname(found[0])


def same(here, wanted):
    assert here == wanted, f"{here} instead of {wanted}"


def as_it_comes(folder):
    same(plugin(configure(folder, *SMALL)), LOOKS_IN)


def system(folder):
    same(plugin(configure(folder, *SMALL, "--prefix", OWN)), LOOKS_IN)


def prefix_is_followed(folder):
    for prefix, libdir in (("/opt/x y", "lib/z"), ("/app", "lib"), (folder, "lib64")):
        paths = configure(folder, *SMALL, "--prefix", prefix, "--libdir", libdir)
        same(plugin(paths), f"{prefix}/{libdir}/gstreamer-1.0")
        outside = [path for path in paths if not path.startswith(prefix + "/")]
        assert not outside, outside


def folder_is_given(folder):
    same(plugin(configure(folder, *SMALL, "--prefix", "/opt/x", "-Dplugindir=/srv/plugins")),
         "/srv/plugins")


def without_pbutils(folder):
    """As on a machine that has GStreamer's core only."""
    there = pathlib.Path(folder) / "pkgconfig"
    there.mkdir()
    # the first of a name is the one that counts
    for place in reversed(pkg_config("--variable=pc_path", "pkg-config").split(":")):
        for file in pathlib.Path(place).glob("*.pc"):
            (there / file.name).unlink(missing_ok=True)
            if not file.name.startswith("gstreamer-p"):
                (there / file.name).symlink_to(file)
    paths = configure(folder, *SMALL, env={**os.environ, "PKG_CONFIG_LIBDIR": str(there)})
    same(plugin(paths), LOOKS_IN)
    names = {os.path.basename(path) for path in paths}
    assert "gst-tus-recover" in names, names
    assert not any("record" in name or "check" in name for name in names), names


def without_quick_libraries(folder):
    """A packager decides what is used, not what happens to be there."""
    def uses(*options):
        build = set_up(folder, *SMALL, *options)
        ninja = (build / "build.ninja").read_text()
        return [name for name in ("GNUTLS", "LIBDEFLATE") if f"-DGSTTUS_{name}" in ninja]

    same(uses("-Dgnutls=disabled", "-Dlibdeflate=disabled"), [])
    same(uses("-Dgnutls=enabled", "-Dlibdeflate=disabled"), ["GNUTLS"])
    same(uses("-Dgnutls=disabled", "-Dlibdeflate=enabled"), ["LIBDEFLATE"])


def archive(folder):
    """What `meson dist` makes of the newest commit has all that it needs."""
    if not (pathlib.Path(ROOT) / ".git").exists():
        return  # this is one
    build = f"{folder}/build"
    run("meson", "setup", build, ROOT, *SMALL)
    run("meson", "dist", "-C", build, "--no-tests", "--allow-dirty", "--formats", "gztar")
    (made,) = pathlib.Path(build, "meson-dist").glob("*.tar.gz")
    run("tar", "-xf", str(made), "-C", folder)
    inside = pathlib.Path(folder) / made.name.removesuffix(".tar.gz")
    assert not (inside / ".ci").exists(), "what only the repository needs is in the archive"
    configure(folder, root=inside)
    same(plugin(configure(folder, *SMALL, root=inside)), LOOKS_IN)


CASES = [as_it_comes, system, prefix_is_followed, folder_is_given, without_pbutils,
         without_quick_libraries, archive]


def main():
    print(f"1..{len(CASES)}", flush=True)
    failed = 0
    for number, case in enumerate(CASES, 1):
        try:
            with tempfile.TemporaryDirectory(prefix="gst-tus-configure-") as folder:
                case(folder)
            good = True
        except AssertionError as error:
            good = False
            print("".join(f"# {line}\n" for line in str(error).splitlines()), end="")
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - /configure/{case.__name__}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
