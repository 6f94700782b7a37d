# SPDX-FileCopyrightText: 2026 The gst-tus developers
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Networks that misbehave when told to: a TCP proxy, and two network namespaces with a cable.

Must not know GStreamer, tus or what is tested.
"""

import asyncio
import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import threading
import time

from servers import Unavailable

BLOCK = 16384


class Link:
    """One connection through the proxy: a task for each direction, in small blocks."""

    def __init__(self, proxy, client, server):
        self.proxy, self.ends = proxy, (client, server)
        self.upward = 0
        self.tasks = []

    async def run(self):
        up = self.pump(self.ends[0][0], self.ends[1][1], True)
        down = self.pump(self.ends[1][0], self.ends[0][1], False)
        self.tasks = [asyncio.ensure_future(pump) for pump in (up, down)]
        try:
            await asyncio.gather(*self.tasks, return_exceptions=True)
        finally:
            self.close()

    async def pump(self, reader, writer, upward):
        proxy = self.proxy
        queue = asyncio.Queue(256 if proxy.delay else 4)
        sender = asyncio.ensure_future(self.send(queue, writer))
        try:
            while block := await self.read(reader):
                if not upward and proxy.lose_answers:
                    self.reset()
                    return
                if upward and proxy.cut_after:
                    left = proxy.cut_after - self.upward
                    if left <= len(block):
                        await queue.put((0, block[: max(left, 0)]))
                        await asyncio.sleep(0.02)
                        self.reset()
                        return
                self.upward += len(block) if upward else 0
                await queue.put((time.monotonic() + proxy.delay, block))
            await queue.put((0, b""))
            await sender
        finally:
            sender.cancel()  # After a reset nobody would end it any more.

    async def read(self, reader):
        try:
            return await reader.read(BLOCK)
        except OSError:
            return b""

    async def send(self, queue, writer):
        while True:
            due, block = await queue.get()
            await asyncio.sleep(max(0, due - time.monotonic()))
            await self.proxy.passing.wait()
            try:
                if not block:
                    writer.write_eof()
                    return
                if not writer.is_closing():
                    writer.write(block)
                    await writer.drain()
            except OSError:
                pass  # The other task notices; go on emptying the queue.
            if self.proxy.rate:
                await asyncio.sleep(8 * len(block) / self.proxy.rate)

    def close(self):
        for _, writer in self.ends:
            writer.close()
        self.proxy.links.discard(self)

    def reset(self):
        """Sends RST both ways, and throws away what is under way."""
        self.proxy.resets += 1
        for _, writer in self.ends:
            end = writer.get_extra_info("socket")
            try:
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            except OSError:
                pass
            writer.transport.abort()
        for task in self.tasks:
            task.cancel()


class Proxy:
    """Forwards a port. Its attributes may be changed at any time; methods from any thread."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.rate = 0  # bits/s in each direction of each connection; 0: as fast as it goes
        self.delay = 0.0  # seconds, each way
        self.cut_after = 0  # each connection is reset after so many bytes from the client
        self.lose_answers = False  # a connection is reset when the server says something
        self.resets = 0
        self.links, self.serving = set(), set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.server, self.port = None, 0
        self.passing = self.call(self.make_event())
        self.call(self.listen())

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    async def make_event(self):
        event = asyncio.Event()
        event.set()
        return event

    def accept(self, reader, writer):
        # The task is ours: some releases of Python 3.11 and 3.12 ask one that they made of a
        # coroutine for its exception even when it was cancelled, and print a traceback.
        task = self.loop.create_task(self.serve(reader, writer))
        self.serving.add(task)
        task.add_done_callback(self.serving.discard)

    async def serve(self, reader, writer):
        try:
            server = await asyncio.open_connection("127.0.0.1", self.target_port, limit=BLOCK)
        except OSError:
            writer.close()
            return
        link = Link(self, (reader, writer), server)
        self.links.add(link)
        await link.run()

    async def listen(self):
        self.server = await asyncio.start_server(
            self.accept, "127.0.0.1", self.port, limit=BLOCK, reuse_address=True
        )
        self.port = self.server.sockets[0].getsockname()[1]

    async def stop_listening(self):
        if self.server:
            self.server.close()
            self.server = None

    async def reset_all(self):
        for link in list(self.links):
            link.reset()

    async def set_passing(self, passing):
        if passing:
            self.passing.set()
        else:
            self.passing.clear()

    def reset(self):
        self.call(self.reset_all())

    def black_hole(self):
        """Nothing arrives any more, in either direction, and nobody is told."""
        self.call(self.set_passing(False))

    def refuse(self):
        """Open connections are reset, new ones refused."""
        self.call(self.stop_listening())
        self.reset()

    def restore(self):
        self.rate, self.delay, self.cut_after, self.lose_answers = 0, 0.0, 0, False
        self.call(self.set_passing(True))
        if not self.server:
            self.call(self.listen())

    async def end_tasks(self):
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=5)

    def stop(self):
        self.call(self.set_passing(True))
        self.call(self.stop_listening())
        self.reset()
        self.call(self.end_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        if not self.loop.is_running():
            self.loop.close()


def ip(*arguments):
    answer = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise Unavailable(f"ip {' '.join(arguments[:2])}: {answer.stderr.strip()}")


class Namespaces:
    """A client's and a server's network with a cable between them. Removed by stop()."""

    def __init__(self):
        if os.geteuid() != 0 or not shutil.which("ip"):
            raise Unavailable("network namespaces need root and the ip program")
        mark = secrets.token_hex(3)
        self.client, self.server = f"tusfc{mark}", f"tusfs{mark}"
        self.made = []
        number = secrets.randbelow(200)
        self.subnet = f"198.18.{number}"  # for tests of networks (RFC 2544)
        self.address = f"{self.subnet}.1"
        try:
            for name in (self.client, self.server):
                ip("netns", "add", name)
                self.made.append(name)
                ip("-n", name, "link", "set", "lo", "up")
            ip("-n", self.client, "link", "add", "cable", "type", "veth",
               "peer", "name", "cable", "netns", self.server)  # fmt: skip
            self.add_address(self.server, self.address)
            self.add_address(self.client, f"{self.subnet}.2")
            for name in (self.client, self.server):
                # One packet for each segment, as on a real cable: what is lost is 1.5 kB, not 64.
                ip("-n", name, "link", "set", "cable", "gso_max_segs", "1")
                ip("-n", name, "link", "set", "cable", "up")
        except Unavailable:
            self.stop()
            raise

    def add_address(self, name, address):
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "cable")

    def inside(self, name):
        return ["ip", "netns", "exec", name]

    def shape(self, *words):
        """tc on the client's end of the cable; without words as it was."""
        if not shutil.which("tc"):
            raise Unavailable("the tc program is not installed")
        action = ["replace" if words else "del", "dev", "cable", "root", *words]
        for name in (self.client, self.server):
            answer = subprocess.run(
                [*self.inside(name), "tc", "qdisc", *action],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if answer.returncode != 0:
                raise Unavailable(f"tc {' '.join(words[:1])}: {answer.stderr.strip()}")

    def nft(self, name, command):
        answer = subprocess.run(
            [*self.inside(name), "nft", command], capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise Unavailable(f"nft: {answer.stderr.strip().splitlines()[0]}")
        return answer.stdout

    def lose(self, percent):
        """So many packets of a hundred do not arrive, in either direction."""
        if not shutil.which("nft"):
            raise Unavailable("the nft program is not installed")
        for name in (self.client, self.server):
            self.nft(
                name,
                "table ip loss { chain input { type filter hook input priority 0; "
                f"iifname cable numgen random mod 100 < {percent} counter drop; }}; }}",
            )

    def lose_no_more(self):
        """Gives the number of packets that were lost."""
        lost = 0
        for name in (self.client, self.server):
            lost += int(re.search(r"packets (\d+)", self.nft(name, "list table ip loss"))[1])
            self.nft(name, "delete table ip loss")
        return lost

    def cable(self, there):
        ip("-n", self.server, "link", "set", "cable", "up" if there else "down")

    def change_address(self):
        """The client gets another address, as when it changes from cable to mobile network."""
        ip("-n", self.client, "addr", "flush", "dev", "cable")
        self.add_address(self.client, f"{self.subnet}.3")

    def stop(self):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], check=False)
        self.made = []
