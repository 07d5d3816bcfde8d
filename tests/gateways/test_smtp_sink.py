"""SMTP against Postfix's own test server in its moods: what it took is accepted, and never told to go again."""

import asyncio
import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reminder.domain.states import Channel, Verdict
from tests.gateways.programs import PATIENCE_SECONDS, Running, free_ports, needs, running
from tests.providers.people import EMAILS, call, wire_id
from tests.providers.relay import relay

pytestmark = needs("smtp-sink")

SOON_SECONDS = 1.5


@contextmanager
def sink(folder: Path, *flags: str) -> Iterator[tuple[int, Running]]:
    """The server on a port of loopback; what it took is written below the folder."""
    [port] = free_ports(1)
    # Started as root it asks to be told whom to be.
    with running(
        "smtp-sink", "-v", "-u", getpass.getuser(), *flags, "-D", str(folder / "taken"), f"127.0.0.1:{port}", "100"
    ) as one:
        asyncio.run(listening(port))
        yield port, one


async def listening(port: int) -> None:
    """Until somebody answers on the port."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            return


def taken(folder: Path) -> dict[int, int]:
    """How often each message was taken."""
    file = folder / "taken"
    text = file.read_text() if file.exists() else ""
    return {n: text.count(f"<{wire_id(n)}@example.org>") for n in EMAILS}


async def sent(port: int, *people: int, connections: int = 1, seconds: float = 10.0) -> dict[int, Verdict]:
    """The verdict of each message of one volley."""
    async with relay(port, connections=connections, seconds=seconds, limit_seconds=seconds) as provider:
        receipts = await provider.send(call(Channel.EMAIL, *people))
    assert sorted(receipt.message_id for receipt in receipts) == sorted(people)
    return {receipt.message_id: receipt.verdict for receipt in receipts}


@pytest.mark.parametrize("connections", [1, 3])
def test_everything_that_it_takes_it_takes_once(tmp_path: Path, connections: int) -> None:
    with sink(tmp_path) as (port, _):
        verdicts = asyncio.run(sent(port, *EMAILS, connections=connections))
    assert set(verdicts.values()) == {Verdict.ACCEPTED}
    assert set(taken(tmp_path).values()) == {1}


MOODS = {
    "4xx to MAIL": (("-r", "MAIL"), Verdict.RETRY),
    "4xx to RCPT": (("-r", "RCPT"), Verdict.RETRY),
    "4xx to DATA": (("-r", "DATA"), Verdict.RETRY),
    "4xx to the final dot": (("-r", "."), Verdict.RETRY),
    "5xx to RCPT": (("-f", "RCPT"), Verdict.REJECTED),
    "5xx to the final dot": (("-f", "."), Verdict.REJECTED),
    "gone at the greeting": (("-q", "CONNECT"), Verdict.RETRY),
    "gone at EHLO": (("-q", "EHLO"), Verdict.RETRY),
    "gone at MAIL": (("-q", "MAIL"), Verdict.RETRY),
    "gone at RCPT": (("-p", "-q", "RCPT"), Verdict.RETRY),
    "gone at DATA": (("-p", "-q", "DATA"), Verdict.RETRY),
    "421 at MAIL": (("-Q", "MAIL"), Verdict.RETRY),
    "gone at the final dot": (("-q", "."), Verdict.AMBIGUOUS),
    "silent at the greeting": (("-W", "CONNECT:20"), Verdict.RETRY),
    "silent at MAIL": (("-W", "MAIL:20"), Verdict.RETRY),
    "silent at the final dot": (("-W", ".:20"), Verdict.AMBIGUOUS),
}


@pytest.mark.parametrize(("flags", "verdict"), MOODS.values(), ids=MOODS.keys())
def test_a_mood_of_the_server_is_told_for_what_it_is(tmp_path: Path, flags: tuple[str, ...], verdict: Verdict) -> None:
    with sink(tmp_path, *flags) as (port, _):
        seconds = SOON_SECONDS if "-W" in flags else 10.0
        assert asyncio.run(sent(port, 1, seconds=seconds)) == {1: verdict}


def test_a_server_that_ends_in_the_middle_of_a_volley_took_what_we_say_it_took(tmp_path: Path) -> None:
    with sink(tmp_path, "-M", "3") as (port, _):
        verdicts = asyncio.run(sent(port, *EMAILS))
    found = taken(tmp_path)
    assert [n for n in EMAILS if verdicts[n] is Verdict.ACCEPTED and found[n] != 1] == []
    assert [n for n in EMAILS if verdicts[n] is Verdict.RETRY and found[n]] == []
    assert sum(found.values()) == 3
