"""The other side of the callbacks' bench: a process of its own over plain sockets, so that it takes little of the machine.

`python caller.py PORT FILE PER_SECOND CONNECTIONS`: each request of FILE (its length in four bytes before it) is sent at
its time, PER_SECOND of them, on the next free of CONNECTIONS; with 0 each connection sends as soon as it is answered. How
long a call takes is counted from the time at which it was to be sent, so that a door that stalls cannot hide those who
would have called meanwhile. Imports nothing of ours.
"""

import asyncio
import json
import sys
import time
from collections import deque
from pathlib import Path

TICK_SECONDS = 0.002


class Line(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self, calls: "Calls") -> None:
        self._calls = calls
        self._due = 0.0
        self._came = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def call(self, due: float, request: bytes) -> None:
        self._due, self._came = due, b""
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._came += data
        if self._came.endswith(b"\r\n\r\n"):
            self._calls.answered(self, self._due, self._came.startswith(b"HTTP/1.1 200"))


class Calls:
    """All of them; ends when the last is answered."""

    def __init__(self, requests: list[bytes], per_second: float) -> None:
        self._requests = requests
        self._per_second = per_second
        self._sent = 0
        self._free: deque[Line] = deque()
        self.waits: list[float] = []
        self.refused = 0
        self.ended = asyncio.Event()

    def answered(self, line: Line, due: float, well: bool) -> None:
        self.waits.append((time.perf_counter() - due) * 1000)
        self.refused += not well
        self._free.append(line)
        if len(self.waits) == len(self._requests):
            self.ended.set()
        else:
            self.send_due()

    def send_due(self) -> None:
        now = time.perf_counter()
        while self._free and self._sent < len(self._requests):
            due = self._began + self._sent / self._per_second if self._per_second else now
            if due > now:
                return
            self._free.popleft().call(due, self._requests[self._sent])
            self._sent += 1

    async def run(self, port: int, connections: int) -> float:
        """Send everything; returns the seconds that it took."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, line = await loop.create_connection(lambda: Line(self), "127.0.0.1", port)
            self._free.append(line)
        self._began = time.perf_counter()
        self.send_due()
        while self._per_second and not self.ended.is_set():
            await asyncio.sleep(TICK_SECONDS)
            self.send_due()
        await self.ended.wait()
        return time.perf_counter() - self._began


def read(path: Path) -> list[bytes]:
    """The requests of the file."""
    raw, at, requests = path.read_bytes(), 0, []
    while at < len(raw):
        size = int.from_bytes(raw[at : at + 4])
        requests.append(raw[at + 4 : at + 4 + size])
        at += 4 + size
    return requests


def written(requests: list[bytes]) -> bytes:
    """Requests as `read` takes them."""
    return b"".join(len(request).to_bytes(4) + request for request in requests)


async def main(port: int, path: Path, per_second: float, connections: int) -> None:
    """Call, and print what it came to as JSON."""
    calls = Calls(read(path), per_second)
    cpu = time.process_time()
    seconds = await calls.run(port, connections)
    cpu = time.process_time() - cpu
    told = {"seconds": seconds, "milliseconds": calls.waits, "refused": calls.refused, "cpu_seconds": cpu}
    print(json.dumps(told))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
