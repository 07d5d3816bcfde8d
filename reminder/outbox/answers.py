"""What an answer means beyond its own messages: for the provider, for the next try, for the ledger of consent."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from reminder.domain.consent import Closed
from reminder.domain.message import Receipt
from reminder.domain.retry import retry_at
from reminder.domain.states import Channel, Fault, MessageKind, Verdict
from reminder.store import capacity
from reminder.store.columns import instant
from reminder.store.database import Connection
from reminder.store.handover import Begun, Claimed
from reminder.store.people.addresses import Address
from reminder.store.people.ledger import Closing
from reminder.store.queueing import queue_to_organisers

log = structlog.get_logger()


def judge(
    connection: Connection, provider: str, troubled: Sequence[Receipt], counts: Mapping[Verdict, int], now: datetime
) -> None:
    """A call that came to nothing counts against the provider; the fault of our account takes it out at once, of which
    the organisers are told: once until it worked again, and once a day at most, by the next provider where there is one.

    One that refused somebody, even for now, was at work: three full mailboxes are no reason to leave it. `troubled` are
    the receipts of what was not accepted, `counts` says how many messages had each verdict.
    """
    account = next((receipt for receipt in troubled if receipt.fault is Fault.ACCOUNT), None)
    at_work = counts[Verdict.ACCEPTED] or counts[Verdict.REJECTED]
    at_work = at_work or any(receipt.fault is Fault.MAILBOX for receipt in troubled)
    if account is None and (at_work or not (counts[Verdict.RETRY] or counts[Verdict.AMBIGUOUS])):
        if counts[Verdict.ACCEPTED]:
            capacity.note_success(connection, provider)
        return
    because = account.code if account else "takes nothing"
    until = capacity.note_failure(connection, provider, because, now, account=account is not None)
    if until is not None:
        log.warning("provider_out", provider=provider, until=until.isoformat(), account=account is not None)
    if account is not None and capacity.tell_of(connection, provider, now):
        said = {
            "subject": f"{provider} refuses our account",
            "reason": f"it answered {because or 'without a code'}. What it refused waits, or goes by the next provider",
            "remedy": f"Look at the account of {provider}: its key, its money, its daily limit, whether it was suspended."
            " Then run `reminder providers check`.",
        }
        queue_to_organisers(connection, MessageKind.ALERT, said, f"account:{provider}:{now.date()}", now)


def retries(claimed: Claimed, begun: Begun, receipts: Sequence[Receipt], now: datetime) -> dict[int, datetime | None]:
    """By message id, when what was not taken is tried again; None where that would be too late."""
    putting_off = {receipt.message_id: receipt.retry_after for receipt in receipts if receipt.verdict is Verdict.RETRY}
    return {
        message.message_id: retry_at(
            message.tries + 1,
            putting_off[message.message_id],
            now=now,
            open_until=claimed.open_until,
            not_after=instant(message.not_after),
        )
        for message in (begun.ready if putting_off else ())
        if message.message_id in putting_off
    }


# What a refusal says of the address itself: what the provider was told by the person lands in our own ledger.
_CLOSED_BY = {
    (Channel.EMAIL, Fault.ADDRESS): Closed.BOUNCED,
    (Channel.SMS, Fault.ADDRESS): Closed.BOUNCED,
    (Channel.EMAIL, Fault.OPTED_OUT): Closed.UNSUBSCRIBED,
    (Channel.SMS, Fault.OPTED_OUT): Closed.STOP,
}


def closings(channel: Channel, begun: Begun, receipts: Sequence[Receipt], now: datetime) -> list[Closing]:
    """What refusals say of the addresses themselves."""
    reasons = {
        receipt.message_id: _CLOSED_BY[channel, receipt.fault]
        for receipt in receipts
        if receipt.verdict is Verdict.REJECTED and (channel, receipt.fault) in _CLOSED_BY
    }
    return [
        Closing(Address(channel, message.address_hash), reasons[message.message_id], now)
        for message in (begun.ready if reasons else ())
        if message.message_id in reasons
    ]
