# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real aiohttp-tus on a loopback port: aiohttp_tus_server.py FOLDER [PORT]

Prints "listening on URL", and "complete NAME" when it takes an upload for complete. Must not know
gst-tus.
"""

import asyncio
import sys
from pathlib import Path

from aiohttp import web
from aiohttp_tus import setup_tus


async def done(_request, resource, _path):
    print("complete", resource.file_name, flush=True)


async def main(folder, port):
    app = setup_tus(
        web.Application(client_max_size=1 << 30),
        upload_path=Path(folder), upload_url="/uploads", on_upload_done=done,
    )  # fmt: skip
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # pylint: disable=protected-access
    print(f"listening on http://127.0.0.1:{port}/uploads", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0))
