"""The short version of `make chaos`: two days, a few ends of the sender, and a look at whether the audit sees a breach."""

import json
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.audit import Findings, examine
from tests.chaos.stage import BEGAN
from tests.repository import ROOT


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the table of a story. A process of its own: this one has threads, and such a one must not fork."""
    folder = tmp_path_factory.mktemp("chaos")
    short = ["--kills", "8", "--people", "40", "--days", "2", "--seed", "5", "--keep", str(folder)]
    answer = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *short], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
    return folder, answer.stdout


def audit(folder: Path) -> Findings:
    return examine(folder, BEGAN.replace(day=2, hour=23), 8, 0)


def test_ended_at_random_points_the_sender_loses_nobody_and_doubles_nobody(story: tuple[Path, str]) -> None:
    folder, table = story
    assert re.search(r"times the sender was ended +8\n", table)
    assert re.search(r"of these between two ends of the sender +[1-9]", table)
    found = audit(folder)
    assert found.breaches == []
    assert found.messages == 160
    assert found.promises == 480


TAMPERED = {
    "a message that was lost": (
        "UPDATE message SET state = 1 WHERE id = (SELECT min(id) FROM message)",
        "lost on its way",
    ),
    "a promise that nobody keeps": (
        "UPDATE delivery SET state = 1 WHERE id = (SELECT min(id) FROM delivery WHERE state = 2)",
        "nothing carries them",
    ),
    "a promise that was never made": ("DELETE FROM delivery WHERE subscriber_id = 1", "overlooked 1 people"),
    "a sending that nobody opened": ("UPDATE wave SET state = 5 WHERE id = 1", "is missed"),
    "a batch that was never done": ("UPDATE batch SET state = 2 WHERE id = 1", "never done"),
    "no reason": ("UPDATE delivery SET state = 5, reason = 0 WHERE id = 1", "nobody knows why"),
}


@pytest.mark.parametrize(("change", "told"), TAMPERED.values(), ids=TAMPERED.keys())
def test_the_audit_sees_what_is_wrong(story: tuple[Path, str], tmp_path: Path, change: str, told: str) -> None:
    copy = copied(story[0], tmp_path)
    with sqlite3.connect(copy / "data" / "reminder.db") as database:
        assert database.execute(change).rowcount > 0
    assert any(told in breach for breach in audit(copy).breaches)


def test_the_audit_sees_a_second_acceptance(story: tuple[Path, str], tmp_path: Path) -> None:
    copy = copied(story[0], tmp_path)
    log = copy / "mail.log"
    log.write_text(log.read_text() + 2 * log.read_text().splitlines(keepends=True)[0])
    assert any("was accepted 3 times" in breach for breach in audit(copy).breaches)


def test_the_audit_sees_an_unclear_message_that_is_not_listed(story: tuple[Path, str], tmp_path: Path) -> None:
    copy = copied(story[0], tmp_path)
    with sqlite3.connect(copy / "data" / "reminder.db") as database:
        database.execute("UPDATE message SET state = 5 WHERE id = 1")
    (copy / "unclear.json").write_text(json.dumps([]))
    assert any("not listed" in breach for breach in audit(copy).breaches)


def copied(folder: Path, into: Path) -> Path:
    """The story's database and logs."""
    (into / "data" / "messages" / "sms").mkdir(parents=True)
    for name in ("mail.log", "unclear.json", "log", "data/messages/sms/accepted.log"):
        if (folder / name).exists():
            (into / name).write_bytes((folder / name).read_bytes())
    with sqlite3.connect(folder / "data" / "reminder.db") as old, sqlite3.connect(into / "data" / "reminder.db") as new:
        old.backup(new)
    return into
