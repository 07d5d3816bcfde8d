"""The fake server beside a harness: what it took is on the disk before it answers."""

import asyncio
import sys
from pathlib import Path

from reminder.domain.states import Channel, Verdict
from tests.providers.people import EMAILS, call, wire_id
from tests.providers.relay import relay
from tests.repository import ROOT


async def test_it_logs_each_message_that_it_takes_and_drops_as_it_is_told(tmp_path: Path) -> None:
    log = tmp_path / "taken.log"
    command = [sys.executable, "-m", "tests.fakes.smtp", "--log", str(log), "--drop-every", "3"]
    program = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    try:
        assert program.stdout is not None
        port = int(await asyncio.wait_for(program.stdout.readline(), 20))
        async with relay(port) as provider:
            receipts = await provider.send(call(Channel.EMAIL))
    finally:
        program.kill()
        await program.wait()
    verdicts = {receipt.message_id: receipt.verdict for receipt in receipts}
    assert [n for n in EMAILS if verdicts[n] is Verdict.AMBIGUOUS] == [3, 6, 9]
    # Every second one that was dropped had been taken.
    assert log.read_text().split() == [wire_id(n) for n in EMAILS if n not in (3, 9)]
