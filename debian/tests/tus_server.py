# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A tus 1.0.0 server for tests, of nothing but Python: creation with a length that is declared later,
termination, and an outage when told to. Uploads are kept in memory.

    with TusServer() as server:
        ...  # server.url, server.uploads, server.away
"""

import http.server
import threading
import uuid


class Upload:
    def __init__(self, length):
        self.data = bytearray()
        self.length = length  # None: not declared yet
        self.patches = 0
        self.was_deferred = length is None
        self.lock = threading.Lock()

    def is_complete(self):
        return self.length == len(self.data)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        pass

    def answer(self, status, **headers):
        self.send_response(status)
        self.send_header("Tus-Resumable", "1.0.0")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def is_away(self):
        if self.server.away:
            self.close_connection = True
            self.answer(503)
        return self.server.away

    def upload(self):
        found = self.server.uploads.get(self.path.rpartition("/")[2])
        if not found:
            self.answer(404)
        return found

    def do_OPTIONS(self):
        if not self.is_away():
            self.answer(204, Tus_Version="1.0.0",
                        Tus_Extension="creation,creation-defer-length,termination")

    def do_POST(self):
        if self.is_away():
            return
        length = self.headers["Upload-Length"]
        if length is None and self.headers["Upload-Defer-Length"] != "1":
            self.answer(400)
            return
        name = uuid.uuid4().hex
        self.server.uploads[name] = Upload(None if length is None else int(length))
        self.answer(201, Location=f"{self.server.url}{name}")

    def do_HEAD(self):
        if self.is_away():
            return
        if upload := self.upload():
            known = {"Upload_Defer_Length": 1} if upload.length is None else {
                "Upload_Length": upload.length}
            self.answer(200, Upload_Offset=len(upload.data), Cache_Control="no-store", **known)

    def do_PATCH(self):
        left = int(self.headers["Content-Length"])
        if self.is_away():
            return
        upload = self.upload()
        if not upload:
            return
        with upload.lock:
            if int(self.headers["Upload-Offset"]) != len(upload.data):
                self.close_connection = True
                self.answer(409)
                return
            if self.headers["Upload-Length"] is not None:
                upload.length = int(self.headers["Upload-Length"])
            upload.patches += 1
            while left > 0 and (piece := self.rfile.read1(min(left, 1 << 16))):
                upload.data += piece
                left -= len(piece)
            self.answer(204, Upload_Offset=len(upload.data))

    def do_DELETE(self):
        if not self.is_away() and self.upload():
            del self.server.uploads[self.path.rpartition("/")[2]]
            self.answer(204)


class TusServer(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/files/"
        self.uploads = {}
        self.away = False  # TRUE: answers nothing but 503
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *args):
        self.shutdown()
        self.server_close()
