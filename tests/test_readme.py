"""The five minutes of README.md, typed as they stand there, on whatever day it is."""

import re
import shlex
import subprocess

import pytest

from reminder.clock import SystemClock
from tests.cli.office import ORGANISER, Office, Said
from tests.repository import ROOT

BLOCK = re.compile(r"^## Five minutes\n.*?^```sh\n(?P<lines>.*?)^```", re.MULTILINE | re.DOTALL)
# What a person types before the first command of ours.
BEFORE = ["make install", ". .venv/bin/activate"]
ANSWERS = {"init": ORGANISER, "subscribers why": "clara@example.org"}


def tour() -> list[str]:
    """The commands, as a shell would read them."""
    block = BLOCK.search((ROOT / "README.md").read_text())
    assert block is not None
    return [line.partition("  #")[0].strip() for line in block["lines"].splitlines()]


def typed_in(office: Office, line: str, fingerprint: str) -> Said:
    """One command with what it asks for; the daemon would never end, so it beats once."""
    line = line.replace("make run", "reminder tick")
    words = subprocess.run(["bash", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True)
    command = words.stdout.splitlines()
    assert command[0] == "reminder", line
    answers = {**ANSWERS, "key confirm": fingerprint}
    typed = next((answer for start, answer in answers.items() if line.startswith(f"reminder {start}")), "")
    return office.done(shlex.join(command[1:]), typed=f"{typed}\n" if typed else "")


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Said]:
    """What each command of the tour said, in a checkout's folder, today, in an installation of its own."""
    today = Office(tmp_path_factory.mktemp("tour"), clock=SystemClock())
    fingerprint, said = "", {}
    with pytest.MonkeyPatch.context() as here:
        here.chdir(ROOT)
        for line in tour()[len(BEFORE) :]:
            said[line] = typed_in(today, line, fingerprint)
            fingerprint = fingerprint or re.search(r"fingerprint  (\w+)", said[line].out)[1]
    return said


def test_the_tour_works_from_its_first_line_to_its_last(walked: dict[str, Said]) -> None:
    assert tour()[: len(BEFORE)] == BEFORE
    assert "make run" in walked
    assert "will get at least one reminder" in walked["reminder forecast 1"].out
    assert "Nothing was sent." in walked["reminder rehearse 1"].out
    assert "is live." in walked["reminder campaign start 1"].out
    assert "1 live" in walked["reminder status"].out
    assert "will be sent" in walked["reminder subscribers why 1"].out
    assert walked["reminder report 1"].out.startswith("Report on campaign 1")


def test_every_changing_command_of_the_tour_says_what_to_do_next(walked: dict[str, Said]) -> None:
    only_look = {
        line for line in walked if line.split()[1] in {"forecast", "rehearse", "status", "report"} or " why " in line
    }
    assert {line for line, said in walked.items() if not said.next} == only_look


def test_what_the_readme_says_of_make_is_in_the_makefile() -> None:
    makefile, readme = (ROOT / "Makefile").read_text(), (ROOT / "README.md").read_text()
    named = set(re.findall(r"\bmake ([a-z]+)\b(?=[`\s])", readme)) - {"sure"}
    assert {"demo", "test", "run", "install"} <= named
    assert [target for target in sorted(named) if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
