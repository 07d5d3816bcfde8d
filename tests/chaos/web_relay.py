"""The interface of Resend, not always well, which takes a call with the same key once, and keeps a line for each message.

`python -m tests.chaos.web_relay LOG` prints its port. It knows nothing of what happens to the sender.
"""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from tests.fakes.http import FakeHttp, Reply, Request, json_reply

# Every so many calls something goes wrong; primes, so that it meets other people each time.
BUSY_EVERY = 13
DROPS_EVERY = 7


def unwell(take: Callable[[str], object]) -> Callable[[Request], Reply]:
    """Answers calls: busy for some, without an answer for some, half of which it took. A key that it knows it answers as
    it did then."""
    taken: dict[str, Reply] = {}
    calls = 0

    def answer(request: Request) -> Reply:
        nonlocal calls
        if request.method == "GET":
            return json_reply({"data": []})
        calls += 1
        if calls % BUSY_EVERY == 0:
            return json_reply({"name": "rate_limit_exceeded", "message": "busy"}, 429, retry_after="1")
        drops = calls % DROPS_EVERY == 0
        if drops and calls // DROPS_EVERY % 2:
            return Reply(drops=True)
        key = request.headers["idempotency-key"]
        if key not in taken:
            for message in request.json:
                take(message["tags"][0]["value"].replace("_", "."))
            taken[key] = json_reply({"data": [{"id": f"{key}-{n}"} for n in range(len(request.json))]})
        return Reply(drops=True) if drops else taken[key]

    return answer


async def serve(log: Path) -> None:
    """Serve until the process is ended."""
    with log.open("a", buffering=1) as lines:
        async with FakeHttp(unwell(lambda wire_id: lines.write(f"{wire_id}\n"))) as server:
            sys.stdout.write(f"{server.url.rpartition(':')[2]}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
