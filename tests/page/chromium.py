# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Drives a headless Chromium by the DevTools protocol over a pair of pipes: nothing but Python's own
library is needed.

Must not know what the page shows. Not thread-safe. Every wait is bounded.
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import time


class BrowserError(Exception):
    """What the browser said no to, or did not do in time."""


def program():
    """The browser, or None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """A browser with a profile of its own; its log is in the folder."""

    def __init__(self, folder):
        self.buffer, self.last, self.events, self.answers = b"", 0, [], {}
        to_browser, self.write_end = os.pipe()
        self.read_end, from_browser = os.pipe()
        # The protocol is spoken on descriptors 3 and 4. In a container there is neither a sandbox
        # nor much shared memory.
        command = [
            "/bin/sh",
            "-c",
            f'exec "$@" 3<&{to_browser} 4>&{from_browser}',
            "sh",
            program(),
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--disable-gpu",
            "--no-first-run",
            "--no-default-browser-check",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--mute-audio",
            "--remote-debugging-pipe",
            f"--user-data-dir={folder / 'profile'}",
            "about:blank",
        ]
        with open(folder / "chromium.log", "wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8"},
                pass_fds=(to_browser, from_browser),
                start_new_session=True,
            )
        os.close(to_browser)
        os.close(from_browser)

    def close(self):
        """Ends the browser and what it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait(10)
        os.close(self.write_end)
        os.close(self.read_end)

    def call(self, method, parameters=None, session=None, timeout=30):
        self.last += 1
        message = {"id": self.last, "method": method, "params": parameters or {}}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_end, data) :]
        deadline = time.monotonic() + timeout
        while message["id"] not in self.answers:
            self.read(deadline, method)
        answer = self.answers.pop(message["id"])
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error'].get('message')}")
        return answer.get("result", {})

    def read(self, deadline, what):
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([self.read_end], [], [], left)[0]:
            raise BrowserError(f"{what}: no answer in time")
        block = os.read(self.read_end, 1 << 20)
        if not block:
            raise BrowserError(f"{what}: the browser has ended")
        self.buffer += block
        *messages, self.buffer = self.buffer.split(b"\0")
        for text in messages:
            message = json.loads(text)
            if "id" in message:
                self.answers[message["id"]] = message
            else:
                self.events.append(message)

    def open(self, url, **view):
        tab = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        session = self.call("Target.attachToTarget", {"targetId": tab, "flatten": True})
        return Tab(self, tab, session["sessionId"], url, **view)


class Tab:
    def __init__(self, browser, target, session, url, *, width=1000, height=800, dark=False, calm=False):
        self.browser, self.target, self.session = browser, target, session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500},
        )
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": "reduce" if calm else "no-preference",
        }
        self.call(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": name, "value": value} for name, value in features.items()]},
        )
        self.go(url)

    def call(self, method, parameters=None, timeout=30):
        return self.browser.call(method, parameters, self.session, timeout)

    def go(self, url):
        failed = self.call("Page.navigate", {"url": url}).get("errorText")
        if failed:
            raise BrowserError(f"{url}: {failed}")
        self.until("document.readyState === 'complete'", f"{url} is loaded")

    def close(self):
        self.browser.call("Target.closeTarget", {"targetId": self.target})

    def run(self, expression):
        """The value of a JavaScript expression; a promise is waited for."""
        result = self.call(
            "Runtime.evaluate",
            {"expression": expression, "returnByValue": True, "awaitPromise": True},
        )
        if "exceptionDetails" in result:
            details = result["exceptionDetails"]
            said = details.get("exception", {}).get("description") or details.get("text")
            raise BrowserError(f"{expression}: {said}")
        return result["result"].get("value")

    def until(self, expression, what, timeout=30):
        """Waits until the expression is true of the page, and returns its value."""
        deadline = time.monotonic() + timeout
        while True:
            value = self.run(expression)
            if value:
                return value
            if time.monotonic() >= deadline:
                raise BrowserError(f"not within {timeout} s: {what}; last: {value!r}")
            time.sleep(0.05)

    def press(self, key, *, shift=False):
        """A key of the keyboard: "Tab", "Enter", " ", or a letter."""
        codes = {"Tab": 9, "Enter": 13, " ": 32, "Escape": 27, "ArrowDown": 40, "ArrowRight": 39}
        event = {
            "key": key,
            "code": "Space" if key == " " else key,
            "windowsVirtualKeyCode": codes.get(key) or ord(key.upper()),
            "modifiers": 8 if shift else 0,
        }
        text = {"text": "\r"} if key == "Enter" else {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", **event, **text})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def screenshot(self, path, *, whole=True):
        picture = self.call(
            "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole}
        )["data"]
        path.write_bytes(base64.b64decode(picture))

    def complaints(self):
        """What the console has said in this tab that is an error or a warning."""
        found = []
        for event in self.browser.events:
            if event.get("sessionId") != self.session:
                continue
            details = event["params"]
            if event["method"] == "Runtime.exceptionThrown":
                thrown = details["exceptionDetails"]
                found.append(thrown.get("exception", {}).get("description") or thrown["text"])
            elif event["method"] == "Runtime.consoleAPICalled":
                if details["type"] in ("error", "warning", "assert"):
                    found.append(" ".join(str(one.get("value")) for one in details["args"]))
            elif event["method"] == "Log.entryAdded":
                entry = details["entry"]
                if entry["level"] in ("error", "warning"):
                    found.append(f"{entry['text']} {entry.get('url', '')}".strip())
        return found
