"""The cast as recipients, and calls made of them."""

from collections.abc import Callable
from datetime import UTC, datetime

from reminder.domain.message import Content, Gap, Recipient, Spliced
from reminder.domain.states import Channel
from reminder.providers.contract import Call

NOW = datetime(2020, 12, 22, 9, tzinfo=UTC)
LAST = datetime(2020, 12, 29, 23, 59, tzinfo=UTC)
SENDER = "appeals@example.org"
EMAILS = {
    1: "aigerim@example.org",
    2: "bikash@example.net",
    3: "clara.smith@example.org",
    4: "davi@example.net",
    5: "ellen@example.org",
    6: "farid@example.net",
    7: "grace@example.org",
    8: "hana@example.org",
    9: "ivo@example.net",
    10: "jun@example.org",
}
PHONES = {number: f"+447700900{100 + number}" for number in EMAILS}


def wire_id(message_id: int) -> str:
    return f"m{message_id}-0a1b2c3d"


def recipients(channel: Channel, *message_ids: int) -> list[Recipient]:
    """Some of the cast; everybody when nobody is named."""
    addresses = EMAILS if channel is Channel.EMAIL else PHONES
    return [
        Recipient(n, wire_id(n), addresses[n], (addresses[n], wire_id(n), f"https://example.org/l/{n}"))
        for n in message_ids or EMAILS
    ]


def content(channel: Channel, text: str = "One week is left to write.\r\n.\r\n..and a line of dots\r\n") -> Content:
    """A nudge with an address, an id and a link that differ per person."""
    fields = ("to", "message_id", "leave_url")
    body = Spliced((f"{text}Leave: ", "\r\n"), (Gap(2),))
    if channel is Channel.SMS:
        return Content(channel, "en", fields, "", body, None, (), None, "Appeals")
    mime = Spliced(
        (
            f"From: {SENDER}\r\nTo: ",
            "\r\nMessage-ID: <",
            f"@example.org>\r\nSubject: Reminder: 7 days left to write\r\n\r\n{text}Leave: ",
            "\r\n",
        ),
        (Gap(0), Gap(1), Gap(2)),
    )
    return Content(channel, "en", fields, "Reminder: 7 days left to write", body, None, (), mime, SENDER)


def call(
    channel: Channel,
    *message_ids: int,
    still_ours: Callable[[], bool] = lambda: True,
    what: Content | None = None,
    to: list[Recipient] | None = None,
) -> Call:
    """An attempt to write to some of the cast."""
    return Call(
        attempt_id=7,
        idempotency_key="attempt-7",
        content=what or content(channel),
        recipients=to or recipients(channel, *message_ids),
        not_after=LAST,
        now=NOW,
        still_ours=still_ours,
    )
