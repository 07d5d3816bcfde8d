"""`make chaos`: end the sender at random points and count what was lost or doubled. Exit code 1 on any breach."""

import argparse
import random
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.harness import RELAYS, Story, run
from tests.chaos.stage import DAYS


def main() -> int:
    """Live through a story and print its figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often the sender is ended")
    parser.add_argument("--people", type=int, default=250, help="supporters in each of four zones")
    parser.add_argument("--days", type=int, default=DAYS, help="days of the story")
    parser.add_argument("--seed", type=int, default=None, help="the same seed ends the sender at the same times")
    parser.add_argument("--by", choices=list(RELAYS), default="smtp", help="what mail goes through")
    parser.add_argument("--keep", type=Path, default=None, help="folder to leave everything in")
    given = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if given.seed is None else given.seed
    began = time.monotonic()
    print(f"Ending the sender {given.kills} times, seed {seed}", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = run(
            Story(given.kills, given.people, seed, given.days, given.by), folder, lambda line: print(line, flush=True)
        )
    print("\n".join(found.lines()))
    print(f"  {'seconds':44} {time.monotonic() - began:>8,.0f}")
    return 1 if found.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
