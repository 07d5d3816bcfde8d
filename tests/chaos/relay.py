"""A mail server that is not always well, and that keeps a line for each message it takes, before it answers.

`python -m tests.chaos.relay LOG` prints its port. It knows nothing of what happens to the sender.
"""

import asyncio
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fakes.smtp import Act, FakeSmtp, Stage, Taken

# Every so many visits of a stage something goes wrong there; primes, so that it meets other people each time.
PUT_OFF_EVERY = 89
BUSY_EVERY = 401
DROPS_EVERY = 211


@dataclass
class UnwellSmtp(FakeSmtp):
    """Greylists some, is busy for some, and drops the connection after some texts: half of them were taken."""

    visits: dict[Stage, int] = field(default_factory=dict)

    def act_at(self, stage: Stage, recipient: str) -> Act | None:
        number = self.visits[stage] = self.visits.get(stage, 0) + 1
        if stage is Stage.RCPT and number % PUT_OFF_EVERY == 0:
            return Act(stage, reply="451 4.7.1 come back later")
        if stage is Stage.MAIL and number % BUSY_EVERY == 0:
            return Act(stage, reply="421 4.3.2 too busy")
        if stage is Stage.DOT and number % DROPS_EVERY == 0:
            return Act(stage, takes=number // DROPS_EVERY % 2 == 0)
        return None


async def serve(log: Path) -> None:
    """Serve until the process is ended."""
    forgotten: Any = deque(maxlen=0)
    with log.open("a", buffering=1) as lines:

        def keep(taken: Taken) -> None:
            lines.write(f"{taken.wire_id}\n")

        server = UnwellSmtp(on_taken=keep, accepted=forgotten, commands=forgotten)
        async with server:
            sys.stdout.write(f"{server.port}\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
