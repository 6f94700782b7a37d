# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts and stops the real servers on free loopback ports, each in a folder of its own.

Every server gives the URL to create uploads at and finds the file that it stored. Must not know
GStreamer pipelines or what is tested.
"""

import http.server
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gst-tus"
START_SECONDS = 20


class Unavailable(Exception):
    """A program that this machine does not have: the case is skipped, with this reason."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process):
    """Ends a process group that we started, by its id."""
    for sign, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        if process.poll() is None:
            os.killpg(process.pid, sign)
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                pass


class Server:
    """One program in a folder; `log` holds what it printed."""

    name = "server"

    def __init__(self, folder):
        self.folder = Path(folder) / self.name
        self.folder.mkdir(parents=True)
        self.log = self.folder.with_suffix(".log")
        self.process = None
        self.command = ()
        self.environment = {}
        self.url = ""

    def restart(self):
        """The same program on the same port, after stop()."""
        self.spawn(*self.command)
        self.wait_for_port(self.port_of_url())

    def port_of_url(self):
        return int(re.search(r":([0-9]+)/", self.url).group(1))

    def completed(self):
        """What it has said to be complete; for servers that say so."""
        return re.findall(r"^complete (\S+)$", self.log.read_text(), re.MULTILINE)

    def spawn(self, *command):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )

    def wait_for(self, ready, what):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            found = ready()
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        self.stop()
        raise RuntimeError(f"{self.name} did not {what}: {self.log.read_text()[-2000:]}")

    def wait_for_port(self, port):
        def connects():
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            except OSError:
                return False

        self.wait_for(connects, f"listen on port {port}")

    def wait_for_url(self):
        def printed():
            return re.search(r"listening on (http://\S+)", self.log.read_text())

        return self.wait_for(printed, "say where it listens").group(1)

    def stop(self):
        if self.process:
            stop(self.process)
            self.process = None

    def stored(self, upload_url):
        return self.folder / upload_url.rstrip("/").rsplit("/", 1)[1]


class Tusd(Server):
    def __init__(self, folder, version="2"):
        programs = sorted(p for p in CACHE.glob(f"tusd-v{version}*") if p.suffix != ".part")
        if not programs:
            raise Unavailable(f"tusd {version} is not installed (Go is missing or could not fetch it)")
        self.name = f"tusd-{version}"
        super().__init__(folder)
        port = free_port()
        self.port = port
        self.command = (
            programs[-1], "-host", "127.0.0.1", "-port", port, "-upload-dir", self.folder,
            "-behind-proxy", "-base-path", "/files/",
        )  # fmt: skip
        self.spawn(*self.command)
        self.wait_for_port(port)
        self.url = f"http://127.0.0.1:{port}/files/"

    def completed(self):
        return re.findall(r'event="?UploadFinished"? id="?([^" ]+)', self.log.read_text())


class NodeServer(Server):
    name = "tus-node-server"

    def __init__(self, folder):
        if not shutil.which("node") or not (HERE / "node_modules" / "tus-js-client").is_dir():
            raise Unavailable("@tus/server is not installed (Node.js or npm is missing)")
        super().__init__(folder)
        self.spawn("node", HERE / "tus_server.js", self.folder)
        self.url = self.wait_for_url()


class OldNodeServer(Server):
    """tus-node-server, which was @tus/server's name before 1.0."""

    def __init__(self, folder, package, version):
        manifest = HERE / "node_modules" / package / "package.json"
        if not shutil.which("node") or not manifest.is_file():
            raise Unavailable(f"tus-node-server {version} is not installed (Node.js or npm is missing)")
        self.name = f"tus-node-server-{version}"
        super().__init__(folder)
        # where it notes its uploads
        self.environment["XDG_CONFIG_HOME"] = str(self.folder.with_suffix(".config"))
        script = HERE / "tus_node_server.js"
        self.spawn("node", script, package, self.folder)
        self.url = self.wait_for_url()
        self.command = ("node", script, package, self.folder, self.port_of_url())


class AiohttpTus(Server):
    name = "aiohttp-tus"

    def __init__(self, folder):
        python = CACHE / "python" / "bin" / "python"
        if not (CACHE / "python" / ".installed-from").is_file():
            raise Unavailable("aiohttp-tus is not installed")
        super().__init__(folder)
        script = HERE / "aiohttp_tus_server.py"
        self.spawn(python, script, self.folder)
        self.url = self.wait_for_url()
        self.command = (python, script, self.folder, self.port_of_url())

    def stored(self, upload_url):
        found = [path for path in self.folder.iterdir() if path.is_file()]
        return max(found, key=lambda path: path.stat().st_mtime)


class Nginx(Server):
    """nginx in front of another server, with or without buffering of request bodies."""

    def __init__(self, folder, behind, buffering):
        program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
        if not program:
            raise Unavailable("nginx is not installed")
        self.name = "nginx-buffering-" + ("on" if buffering else "off")
        super().__init__(folder)
        self.behind = behind
        port = free_port()
        scratch = "\n".join(
            f"    {kind}_temp_path {self.folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        config = self.folder / "nginx.conf"
        config.write_text(
            f"""
daemon off;
master_process off;
worker_processes 1;
pid {self.folder}/pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
    access_log off;
{scratch}
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 0;
        location / {{
            proxy_pass http://127.0.0.1:{behind.port};
            proxy_http_version 1.1;
            proxy_request_buffering {"on" if buffering else "off"};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
        }}
    }}
}}
"""
        )
        self.spawn(program, "-p", self.folder, "-c", config)
        self.wait_for_port(port)
        self.url = f"http://127.0.0.1:{port}/files/"

    def stored(self, upload_url):
        return self.behind.stored(upload_url)


class StandIn(Server):
    """gcore-standin of this project: Gcore's API and its upload server in one."""

    name = "gcore-standin"

    def __init__(self, folder, program, key, *options):
        super().__init__(folder)
        self.key = key
        self.spawn(
            program, "--listen", "127.0.0.1:0", "--dir", self.folder, "--api-key", key, *options
        )
        self.url = self.wait_for_url().rstrip("/")

    def get(self, path):
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"APIKey {self.key}"}
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def stored(self, video_id):
        found = list(self.folder.glob(f"{video_id}-*"))
        if len(found) != 1:
            raise FileNotFoundError(f"{len(found)} files of video {video_id} in {self.folder}")
        return found[0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, status, body, content_type):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Background:
    """An HTTP server of our own, in threads of this program."""

    def __init__(self, handler):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.server.owner = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Grumpy(Background):
    """Answers everything with one status and body."""

    def __init__(self, status, body=b"", content_type="text/plain"):
        def answer(handler):
            handler.body()
            handler.reply(status, body, content_type)

        methods = ("GET", "POST", "PATCH", "HEAD", "OPTIONS", "DELETE")
        super().__init__(type("Answer", (Handler,), {f"do_{method}": answer for method in methods}))


class Eavesdropper(Background):
    """Passes API requests on to the stand-in, and remembers the tokens that it gave out. With
    `spoil` they arrive changed, so that the upload server refuses them, quoting them."""

    def __init__(self, behind, spoil):
        self.tokens = set()

        def forward(handler):
            headers = {
                name: value
                for name, value in handler.headers.items()
                if name.lower() not in ("host", "connection", "content-length")
            }
            request = urllib.request.Request(
                behind.url + handler.path,
                data=handler.body() or None,
                headers=headers,
                method=handler.command,
            )
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    status, body = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, body = error.code, error.read()
            token = re.search(rb'"token"\s*:\s*"([^"]+)"', body)
            if token:
                given = token.group(1)
                if spoil:
                    given = b"spoilt" + given[:-12] + given[-12:][::-1]
                    body = body.replace(token.group(1), given)
                self.tokens.add(given.decode())
            handler.reply(status, body, "application/json")

        methods = ("GET", "POST", "PATCH", "DELETE")
        super().__init__(type("Pass", (Handler,), {f"do_{method}": forward for method in methods}))
