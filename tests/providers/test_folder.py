"""Messages in a folder: whole files, readable by the owner alone, one line in the log for each."""

import os
import resource
import stat
from pathlib import Path

import httpx
import pytest

from reminder.domain.message import Recipient
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.providers.contract import Provider
from reminder.providers.folder import LOG_NAME
from reminder.providers.registry import build
from tests.providers.people import NOW, PHONES, call, content, recipients, wire_id


def folder_provider(name: str, path: Path, fsync: str = "no") -> Provider:
    return build(name, {"path": str(path), "fsync": fsync}, httpx.AsyncClient())


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("fsync", ["no", "yes"])
async def test_a_mail_lies_there_as_it_would_go_on_the_wire(tmp_path: Path, fsync: str) -> None:
    receipts = await folder_provider("email-folder", tmp_path / "out", fsync).send(call(Channel.EMAIL, 1, 2))
    assert [receipt.verdict for receipt in receipts] == [Verdict.ACCEPTED] * 2
    assert files_in(tmp_path) == [LOG_NAME, f"{wire_id(1)}.eml", f"{wire_id(2)}.eml"]
    mime = content(Channel.EMAIL).mime
    assert mime is not None
    written = (tmp_path / "out" / f"{wire_id(1)}.eml").read_bytes()
    assert written == mime.fill(recipients(Channel.EMAIL, 1)[0].values).encode()


async def test_a_text_message_lies_there_with_its_number(tmp_path: Path) -> None:
    await folder_provider("sms-folder", tmp_path).send(
        call(Channel.SMS, 3, what=content(Channel.SMS, "Noch 7 Tage — "))
    )
    text = (tmp_path / f"{wire_id(3)}.txt").read_text()
    assert text.startswith(f"From: Appeals\nTo: {PHONES[3]}\n\nNoch 7 Tage — Leave: https://example.org/l/3")


async def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        await folder_provider("email-folder", tmp_path / "out").send(call(Channel.EMAIL, 1))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "out").iterdir()} == {0o600}


async def test_a_second_hand_over_is_seen_and_overwrites_nothing(tmp_path: Path) -> None:
    provider = folder_provider("email-folder", tmp_path)
    for _ in range(3):
        await provider.send(call(Channel.EMAIL, 1))
    names = [f"{wire_id(1)}.eml", f"{wire_id(1)}~2.eml", f"{wire_id(1)}~3.eml"]
    assert files_in(tmp_path) == [LOG_NAME, *names]
    assert (tmp_path / LOG_NAME).read_text() == f"{wire_id(1)} {NOW.isoformat()} attempt=7\n" * 3


async def test_a_line_torn_by_a_crash_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_text("m99-abc")
    provider = folder_provider("email-folder", tmp_path)
    await provider.send(call(Channel.EMAIL, 1))
    assert (tmp_path / LOG_NAME).read_text().splitlines()[1].startswith(f"{wire_id(1)} ")
    assert await provider.look_up("m99-abc", sent_at=NOW) == []
    assert [each.result for each in await provider.look_up(wire_id(1), sent_at=NOW)] == [Result.SENT]


async def test_a_file_without_its_line_was_not_accepted(tmp_path: Path) -> None:
    (tmp_path / f"{wire_id(1)}.eml").write_text("left by a crash")
    provider = folder_provider("email-folder", tmp_path)
    assert await provider.look_up(wire_id(1), sent_at=NOW) == []
    await provider.send(call(Channel.EMAIL, 1))
    assert [each.result for each in await provider.look_up(wire_id(1), sent_at=NOW)] == [Result.SENT]


async def test_a_wire_id_is_never_a_path(tmp_path: Path) -> None:
    odd = [
        Recipient(n, wire, "ivo@example.net", ("ivo@example.net", "x", "y"))
        for n, wire in enumerate(["../x", "", ".x"])
    ]
    receipts = await folder_provider("email-folder", tmp_path / "out").send(call(Channel.EMAIL, to=odd))
    assert {(r.verdict, r.fault) for r in receipts} == {(Verdict.REJECTED, Fault.CONTENT)}
    assert files_in(tmp_path) == [LOG_NAME]


@pytest.mark.parametrize("name", ["email-folder", "sms-folder"])
async def test_one_that_cannot_be_built_does_not_stop_the_others(name: str, tmp_path: Path) -> None:
    provider = folder_provider(name, tmp_path)
    people = recipients(provider.channel, 1, 2, 3)
    people[1] = Recipient(2, wire_id(2), people[1].address, ())
    receipts = await provider.send(call(provider.channel, to=people))
    assert [(r.verdict, r.fault) for r in receipts] == [
        (Verdict.ACCEPTED, Fault.NONE),
        (Verdict.REJECTED, Fault.CONTENT),
        (Verdict.ACCEPTED, Fault.NONE),
    ]


async def test_half_a_line_on_a_full_disk_is_unclear(tmp_path: Path) -> None:
    log = tmp_path / LOG_NAME
    log.write_text("m99-ffffffff and a long line\n" * 100)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 10, limits[1]))
    try:
        receipts = await folder_provider("email-folder", tmp_path).send(call(Channel.EMAIL, 1, 2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [receipt.verdict for receipt in receipts] == [Verdict.AMBIGUOUS] * 2


async def test_calls_leave_no_file_open(tmp_path: Path) -> None:
    provider = folder_provider("email-folder", tmp_path)
    await provider.send(call(Channel.EMAIL, 1))
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        await provider.send(call(Channel.EMAIL, 1))
    assert len(os.listdir("/proc/self/fd")) == len(before)
