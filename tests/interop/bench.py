# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every case stands on: servers that end with it, its verdict, and how bytes are compared.

Must not know which servers there are, nor what is tested.
"""

import hashlib
import shutil
import time
import traceback

from servers import Unavailable


def expect(condition, text):
    if not condition:
        raise AssertionError(text)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


class Bench:
    """Everything that was started on it ends with it, and its folder is gone then."""

    def __init__(self, arguments, launcher, folder):
        self.arguments, self.launcher, self.folder = arguments, launcher, folder
        self.started = []

    def keep(self, thing):
        self.started.append(thing)
        return thing

    def stop(self):
        for thing in reversed(self.started):
            thing.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def need(self, *elements):
        if absent := self.launcher.missing(*elements):
            raise Unavailable(f"{absent} is not installed")


def run_case(number, name, case, world):
    started = time.monotonic()
    try:
        case(world)
        verdict = f"ok {number} - {name}"
    except Unavailable as why:
        verdict = f"ok {number} - {name} # SKIP {why}"
    except Exception as error:  # pylint: disable=broad-except
        print("# " + str(error).replace("\n", "\n# "))
        if not isinstance(error, AssertionError):
            print("# " + traceback.format_exc().replace("\n", "\n# "))
        verdict = f"not ok {number} - {name}"
    print(f"# {time.monotonic() - started:.1f} s")
    print(verdict, flush=True)
    return not verdict.startswith("not")
