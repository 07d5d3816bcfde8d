"""The kill harness in short; `make chaos` runs it in full."""

from pathlib import Path

from tests.chaos.harness import run


def test_a_few_kills_lose_nobody_and_double_nobody(tmp_path: Path) -> None:
    outcome = run(tmp_path, kills=8, people=20, seed=20201229)
    assert outcome.breaches == []
    assert outcome.kills >= 8
    assert outcome.taken >= outcome.messages - outcome.unclear > 0
