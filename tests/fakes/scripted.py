"""A provider that answers as it is told and remembers what it took: a real implementation of the contract, without a wire.

    provider = Scripted(answer=lambda recipient: Answer(Verdict.RETRY, retry_after=600))

What it took is the truth of a test, whatever the ledger says: `taken` holds one entry for each acceptance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import orjson

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.providers.contract import Call, Capabilities, ProviderEvent, Told
from reminder.providers.silent import NoCallbacks

ABLE = Capabilities(batch_size=500, look_up=False, keeps_message_id=True, real=False)


@dataclass(frozen=True)
class Answer:
    """What becomes of one message. `silent`: no receipt for it. `taken`: it was accepted, whatever the receipt says."""

    verdict: Verdict = Verdict.ACCEPTED
    fault: Fault = Fault.NONE
    retry_after: int | None = None
    silent: bool = False
    taken: bool | None = None
    code: str = ""

    @property
    def was_taken(self) -> bool:
        return self.verdict is Verdict.ACCEPTED if self.taken is None else self.taken


YES = Answer()
LOST = Answer(silent=True, taken=True)
NEVER_ARRIVED = Answer(silent=True, taken=False)
LATER = Answer(Verdict.RETRY)
SAYS = ProviderEvent("status", Result.SENT, datetime.fromtimestamp(0, UTC))


@dataclass(frozen=True)
class Taken:
    """One acceptance."""

    wire_id: str
    address: str
    attempt_id: int
    message_id: int
    at: datetime


class Broke(Exception):
    """The provider's code failed in a way of its own."""


@dataclass
class Scripted(NoCallbacks):
    """`answer` by recipient; `before` runs when a call arrives, `after` when everything of it was answered.

    `says` is what it tells of a message that it took, when it is asked. Where it has `idempotent_seconds` it takes a
    message once for each key, as long as the bytes are the same. `style` is part of its bytes.
    """

    name: str = "scripted"
    channel: Channel = Channel.EMAIL
    capabilities: Capabilities = ABLE
    answer: Callable[[Recipient], Answer] = lambda recipient: YES
    before: Callable[[Call], object] = lambda call: None
    after: Callable[[Call], object] = lambda call: None
    names: Callable[[Recipient], str] = lambda recipient: ""
    says: ProviderEvent = SAYS
    style: str = ""
    calls: list[Call] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    _keys: set[str] = field(default_factory=set)

    async def send(self, call: Call) -> list[Receipt]:
        self.calls.append(call)
        self.before(call)
        receipts = []
        for recipient in call.recipients:
            answer = self.answer(recipient)
            if answer.was_taken and not self._has(call, recipient):
                self.taken.append(
                    Taken(recipient.wire_id, recipient.address, call.attempt_id, recipient.message_id, call.now)
                )
            if not answer.silent:
                receipts.append(
                    Receipt(
                        recipient.message_id,
                        answer.verdict,
                        answer.fault,
                        code=answer.code,
                        provider_id=self.names(recipient),
                        retry_after=answer.retry_after,
                    )
                )
        self.after(call)
        return receipts

    def _has(self, call: Call, recipient: Recipient) -> bool:
        """Whether it took the message with this key: then it answers as then and sends nothing."""
        mark = f"{call.idempotency_key} {recipient.wire_id}"
        known = bool(self.capabilities.idempotent_seconds) and mark in self._keys
        self._keys.add(mark)
        return known

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        known = any(taken.wire_id == wire_id for taken in self.taken)
        return [replace(self.says, at=sent_at, wire_id=wire_id)] if known else []

    def bodies(self, call: Call) -> list[bytes]:
        return [
            orjson.dumps([call.content.text.fill(each.values), each.address, each.wire_id, self.style])
            for each in call.recipients
        ]

    async def close(self) -> None:
        """Nothing is open."""

    def addresses(self) -> list[str]:
        """Who was reached, in order; twice where twice."""
        return [taken.address for taken in self.taken]


def in_turn(*answers: Answer) -> Callable[[Recipient], Answer]:
    """These answers one after the other, the last one from then on."""
    waiting = list(answers)
    return lambda recipient: waiting.pop(0) if len(waiting) > 1 else waiting[0]


def by_address(answers: dict[str, Answer | Sequence[Answer]]) -> Callable[[Recipient], Answer]:
    """An answer, or one after the other, for some addresses, and yes for the others."""
    turns = {name: in_turn(*([told] if isinstance(told, Answer) else told)) for name, told in answers.items()}
    return lambda recipient: turns[recipient.address](recipient) if recipient.address in turns else YES
