"""`make chaos`: at least 200 kills; exits with 1 on any breach."""

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.harness import run


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(
        description="Kill the sender at random moments and count what was lost or doubled."
    )
    parser.add_argument("--kills", type=int, default=220)
    parser.add_argument("--people", type=int, default=600)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    given = parser.parse_args()
    print(f"seed {given.seed}: {given.kills} kills, {given.people} people, 3 appeals, 5 zones", flush=True)
    with tempfile.TemporaryDirectory(prefix="reminder-chaos-") as folder:
        outcome = run(Path(folder), kills=given.kills, people=given.people, seed=given.seed)
    print("\n".join(outcome.lines()))
    print("nobody lost, nobody doubled without a word" if not outcome.breaches else f"{len(outcome.breaches)} breaches")
    return 1 if outcome.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
