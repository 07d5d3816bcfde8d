"""The public pages on a real port in a process of their own, asked by wrk (Debian's package): 200 open appeals on SQLite.

Each request asks for another appeal in one of three languages, as readers of different mails would.
"""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy import text

from reminder.app import build_app
from reminder.clock import VirtualClock
from reminder.config import Settings
from reminder.store.database import Database
from reminder.web.app import build_web
from reminder.web.server import listen, serve_alone
from tests.bench.figures import Figure, Sizes, copy
from tests.bench.world import DATA_KEY, DEADLINE, DUE, INDEX_KEY, PUBLIC_URL, add_campaign

APPEALS, SECONDS, CONNECTIONS = 200, 15, 8
LEAST_PER_SECOND, MOST_P99_MS = 400, 50
# The codes of `add_campaign`; those of the world itself are 1 and 2.
FIRST = 3
LANGUAGES = ("en-GB,en;q=0.9", "fr-FR,fr;q=0.9", "es-ES,es;q=0.9")
# As long as that of a printed appeal.
STORY = "\n\n".join(["He was taken away in March, and the family learned of the hearing from neighbours. " * 6] * 8)
_SCRIPT = """
local no, tongues = 0, {%s}
request = function()
  no = no + 1
  wrk.headers["accept-language"] = tongues[no %% 3 + 1]
  return wrk.format("GET", "/a/code" .. (%d + no %% %d))
end
done = function(summary, latency, _)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format('{"requests": %%d, "us": %%d, "bad": %%d, "p50": %%d, "p99": %%d}\\n',
    summary.requests, summary.duration, bad, latency:percentile(50), latency:percentile(99)))
end
"""


def measure(folder: Path, sizes: Sizes) -> list[Figure]:
    """Requests a second and how long the slowest hundredth waits; nothing is told where wrk is not installed."""
    if shutil.which("wrk") is None:
        return [Figure("pages", "pages: wrk is not installed, nothing was measured", "", "")]
    url = copy(folder / "seed-few.db", folder / "pages.db")
    database = Database(url)
    for number in range(FIRST, FIRST + APPEALS):
        database.write(partial(add_campaign, number=number, deadline=DEADLINE))
    database.write(lambda connection: connection.execute(text("UPDATE document SET story = :story"), {"story": STORY}))
    database.close()
    command = [sys.executable, "-m", "tests.bench.pages", str(folder / "pages.db")]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        script = folder / "pages.lua"
        script.write_text(_SCRIPT % (", ".join(f'"{each}"' for each in LANGUAGES), FIRST, APPEALS))
        _warm(port)
        busy = _processor_seconds(server.pid)
        seen = _ask(port, script, SECONDS)
        busy = _processor_seconds(server.pid) - busy
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)
    assert seen["bad"] == 0, seen
    per_second, p99 = seen["requests"] / (seen["us"] / 1e6), seen["p99"] / 1000
    return [
        Figure(
            "pages",
            f"an appeal's page, {APPEALS} appeals, {CONNECTIONS} connections: requests a second",
            f">= {LEAST_PER_SECOND}",
            f"{per_second:,.0f}",
            per_second >= LEAST_PER_SECOND,
            {"per_second": per_second, "p50_ms": seen["p50"] / 1000, "p99_ms": p99},
        ),
        Figure("pages", "the same: processor time of a request", "", f"{busy / seen['requests'] * 1000:.2f} ms"),
        Figure("pages", "the same: 99th percentile", f"<= {MOST_P99_MS} ms", f"{p99:,.1f} ms", p99 <= MOST_P99_MS),
    ]


def _ask(port: int, script: Path, seconds: int) -> dict[str, int]:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^\{.*\}$", said, re.MULTILINE)
    assert found, said
    return dict(json.loads(found.group()))


def _warm(port: int) -> None:
    """Each page once in each language, as after a few minutes of a day."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
        for language in LANGUAGES:
            for number in range(FIRST, FIRST + APPEALS):
                client.get(f"/a/code{number}", headers={"accept-language": language}).raise_for_status()


def _processor_seconds(pid: int) -> float:
    """What a process has taken of the processor: what counts where the machine has more to do."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main(path: str) -> None:
    """Serve the pages over a database until SIGTERM."""
    index, data = (base64.urlsafe_b64encode(key).decode() for key in (INDEX_KEY, DATA_KEY))
    settings = Settings(
        database_url=f"sqlite:///{path}",
        index_key=index,
        data_keys=f"1:{data}",
        public_url=PUBLIC_URL,
        log_level="error",
    )
    listening = listen("127.0.0.1", 0)
    print(listening.port, flush=True)
    serve_alone(build_web(build_app(settings, VirtualClock(DUE))), listening)


if __name__ == "__main__":
    main(*sys.argv[1:])
