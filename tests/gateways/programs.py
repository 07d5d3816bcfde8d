"""Programs of others that tests run: where they are, and each as a process that ends with its test."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.repository import ROOT

# Where tests/machine.sh unpacks what the machine lacks.
UNPACKED = ROOT / ".venv" / "machine"
FOLDERS = ("usr/sbin", "usr/lib/kannel/test")
PATH = os.pathsep.join(
    [*(str(UNPACKED / folder) for folder in FOLDERS), os.environ.get("PATH", ""), *(f"/{folder}" for folder in FOLDERS)]
)
PATIENCE_SECONDS = 30


def environment() -> dict[str, str]:
    """What the programs are started with: they find their libraries where they were unpacked."""
    folders = [*UNPACKED.glob("usr/lib/*-linux-gnu"), *UNPACKED.glob("lib/*-linux-gnu"), UNPACKED / "usr/lib/postfix"]
    return {"PATH": PATH, "LD_LIBRARY_PATH": os.pathsep.join(str(folder) for folder in folders if folder.is_dir())}


def needs(*names: str) -> pytest.MarkDecorator:
    """Skip where a program is absent; but not in CI nor in `make test-gateways`, where its absence is a fault."""
    absent = [name for name in names if shutil.which(name, path=PATH) is None]
    required = "CI" in os.environ or "GATEWAYS" in os.environ
    return pytest.mark.skipif(bool(absent) and not required, reason=f"not on this machine: {', '.join(names)}")


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody has; all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Running:
    """A process and what it has said so far, on either of its outputs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: list[str] = []
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self._lines.append(line)
                self._more.notify_all()

    def until(self, words: str, times: int = 1) -> None:
        """Wait until it has said this, so many times."""
        with self._more:
            said = self._more.wait_for(lambda: self.said.count(words) >= times, timeout=PATIENCE_SECONDS)
        assert said, f"{words!r} was not said in {PATIENCE_SECONDS} seconds"

    @property
    def said(self) -> str:
        """Everything so far."""
        return "".join(self._lines)

    def end(self) -> None:
        """Ask it to end, then end it."""
        self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=2)
        self.process.kill()
        self.process.wait()
        self._reader.join()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def running(*command: str) -> Iterator[Running]:
    """A program of others, ended by its own id."""
    program = shutil.which(command[0], path=PATH)
    assert program is not None, f"{command[0]} is missing: sudo apt-get install kannel kannel-extras postfix"
    process = subprocess.Popen(
        [program, *command[1:]],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    one = Running(process)
    try:
        yield one
    finally:
        one.end()
