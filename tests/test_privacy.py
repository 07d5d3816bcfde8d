"""Nobody is found in anything that the service says: not in a log at its loudest, an error, a report or a status.

A small campaign goes from its first day to its report through the command line, with a mail server that refuses an
address by repeating it, drops a connection and wants another password. Then everything that was said, and the bytes of
the database, is searched for everybody. The messages themselves and an asked-for export are the exceptions.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from reminder.store.vault import new_key
from tests.cli.office import ORGANISER, SUPPORTERS, URGENT, Office
from tests.fakes.smtp import Act, FakeSmtp, Stage
from tests.fakes.smtp_thread import smtp_thread

PASSWORD = "correct-horse-battery"
# Each reaches the server once it knows the password.
ACTS = (
    Act(Stage.RCPT, reply="550 5.1.1 <aigerim@example.org>: aigerim is unknown here", to="aigerim@example.org"),
    Act(Stage.RCPT, reply="451 4.7.1 davi@example.org, try again", to="davi@example.org", nth=3),
    Act(Stage.DOT, takes=True, nth=4),
)
TOKEN = re.compile(r"https://re\.example\.org/[^\s\"<>]*?([A-Za-z0-9_-]{12,})")
LIST_WITH_MISTAKES = """\
name,email,phone,zone,basis,source,wording,consented_on
Jun,jun@@example.org,,Asia/Shanghai,consent,stall,Yes,2020-01-01
Jun,,+44 7700 90,Asia/Shanghai,consent,stall,Yes,2020-01-01
Jun,jun@example.org,,Mars/Base,consent,stall,Yes,2020-01-01
"=Jun",jun@example.org,+86 10 5550 0100,Asia/Shanghai,bogus,stall,Yes,2020-01-01
"""


@dataclass
class Heard:
    """An office whose every word is kept, but for what was asked to hold somebody."""

    office: Office
    words: list[str] = field(default_factory=list)

    def say(self, line: str, *more: object, typed: str = "", at: tuple[int, int] = (1, 8), **settings: str) -> None:
        said = self.office.with_settings(**settings).at(*at).say(line, *more, typed=typed)
        self.words.append(f"$ {line}\n{said.out}\n{said.err}")


def a_campaign(heard: Heard) -> None:
    """From the first day to the report."""
    heard.say("subscribers import", SUPPORTERS)
    heard.say("subscribers import --json", SUPPORTERS)
    heard.office.done("campaign create --audience all", heard.office.code_of(URGENT))
    for line in ("campaign approve 1", "campaign start 1", "forecast 1", "campaign test-send 1"):
        heard.say(line)
    heard.say("tick", at=(1, 9), SMTP_PASSWORD="not the one")
    heard.say("status", at=(1, 9))
    days = [(day, hour) for day in (7, 12, 14) for hour in (3, 8, 18)]
    for at in [(1, 10), (1, 13), (1, 18), (2, 6), *days, (31, 12)]:
        heard.say("tick --clock-is-right", at=at)
    for line in (
        "status",
        "status --json",
        "campaign list",
        "campaign show 1",
        "messages list",
        "messages list --json",
    ):
        heard.say(line, at=(14, 20))
    for form in ("text", "json", "csv", "html"):
        heard.say(f"report 1 --format {form}", at=(31, 12))
        heard.say(f"report expired --since 2020-11-01 --format {form}", at=(31, 12))
    heard.say("rehearse 1", at=(14, 20))


def mistakes(heard: Heard, folder: Path) -> None:
    """What people get wrong, with somebody's address in their hands."""
    (folder / "mistakes.csv").write_text(LIST_WITH_MISTAKES)
    heard.say("subscribers import", folder / "mistakes.csv")
    heard.say("subscribers import --json --zone Mars/Base", folder / "mistakes.csv")
    for typed in ("clara@example.org\n", "+44 7700 900123\n", "clara@\n", "Clara\n", "+44 7700 9001234567890\n"):
        for line in ("why 1", "why 9", "wrote 1", "wrote 9", "confirm --evidence card", "add", "add --sms", "block"):
            heard.say(f"subscribers {line}", typed=typed)
    for word in ("clara@example.org", "+447700900123"):
        for line in (
            "subscribers block",
            "subscribers why",
            "subscribers",
            "campaign pause",
            "report",
            "case show",
            word,
        ):
            heard.say(line, word)
    other_keys = {"INDEX_KEY": new_key(), "DATA_KEYS": f"1:{new_key()}"}
    for settings in (other_keys, {"DATA_KEYS": f"1:{new_key()}"}, {"SMTP_HOST": ""}, {"ZONE": "clara"}):
        for line in ("status", "tick", "subscribers export --output /dev/null/x"):
            heard.say(line, **settings)
    heard.say("subscribers erase", typed="grace@example.org\n")


def everybody(env_file: Path, server: FakeSmtp) -> set[str]:
    """Every address, number, name, key and token that nothing may hold."""
    with SUPPORTERS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    secrets = {line.partition("=")[2].rpartition(":")[2] for line in env_file.read_text().splitlines() if "KEY" in line}
    tokens = {token for taken in server.accepted for token in TOKEN.findall(taken.text.decode().replace("=\n", ""))}
    assert len(tokens) > 20, "the messages were not understood"
    people = {row[column] for row in rows for column in ("name", "email", "phone")} | {"Jun", "jun@example.org"}
    return {word for word in people | secrets | tokens | {ORGANISER, PASSWORD} if word}


def found_in(text: str, everybody: set[str]) -> set[str]:
    """Who is named in a text. Names and tokens are looked for as words, numbers without their blanks too."""
    joined = re.sub(r"(?<=\d)[ ()-]+(?=\d)", "", text)
    numbers = {word for word in everybody if word.startswith("+") and re.sub(r"\D", "", word) in joined}
    return numbers | {word for word in everybody if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Heard, FakeSmtp]]:
    """The campaign, told at its loudest."""
    folder = tmp_path_factory.mktemp("private")
    with smtp_thread(FakeSmtp(ACTS, login=("relay", PASSWORD))) as server:
        settings = {
            "LOG_LEVEL": "debug",
            "PUBLIC_URL": "https://re.example.org",
            "EMAIL_PROVIDERS": "smtp",
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(server.port),
            "SMTP_TLS": "none",
            "SMTP_USER": "relay",
            "SMTP_PASSWORD": PASSWORD,
            "SMTP_TIMEOUT_SECONDS": "2",
        }
        (folder / "office").mkdir()
        office = Office(folder / "office", settings)
        office.done("init --organiser Office", typed=f"{ORGANISER}\n")
        heard = Heard(office)
        a_campaign(heard)
        mistakes(heard, folder)
        yield heard, server


def test_the_campaign_met_what_it_was_meant_to_meet(told: tuple[Heard, FakeSmtp]) -> None:
    heard, server = told
    said = "\n".join(heard.words)
    assert len(server.accepted) > 10
    assert server.reached(Stage.AUTH) > 1
    for words in (
        "refused by the provider",
        "unclear: may have arrived",
        "error: ",
        "Report on campaign 1",
        "<!doctype html>",
    ):
        assert words in said, words
    assert "Traceback" not in said


def test_nothing_that_was_said_names_anybody(told: tuple[Heard, FakeSmtp]) -> None:
    heard, server = told
    cast = everybody(heard.office.env_file, server)
    named = {said.partition("\n")[0]: found_in(said.partition("\n")[2], cast) for said in heard.words}
    assert {line: len(words) for line, words in named.items() if words} == {}


def test_the_files_of_the_database_name_nobody(told: tuple[Heard, FakeSmtp]) -> None:
    heard, server = told
    words = everybody(heard.office.env_file, server)
    for path in heard.office.database_file.parent.glob("reminder.db*"):
        held = path.read_bytes()
        assert [len(word) for word in words if len(word) > 8 and word.encode() in held] == []


def test_the_search_would_find_what_it_looks_for(told: tuple[Heard, FakeSmtp]) -> None:
    heard, server = told
    cast = everybody(heard.office.env_file, server)
    for text in ("mail to clara@example.org", "Clara said", "+447700900123", "44 7700 900 123", f"key={PASSWORD}"):
        assert found_in(text, cast), text
    assert found_in(heard.office.done("subscribers export").out, cast)
