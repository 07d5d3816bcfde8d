"""The rows in which the cast stands on a list."""

from datetime import date

from reminder.domain.addresses import EmailAddress, PhoneNumber
from reminder.domain.states import Channel
from reminder.intake.subscribers.rows import Agreement, Asked, Basis, Block, Grounds, Row

GROUNDS = Grounds(Basis.CONSENT, "stall in March", "Yes, remind me by this channel.", date(2020, 3, 1), "card 7")
NUMBERS = {
    "clara": PhoneNumber("+447700900101", "GB"),
    "ellen": PhoneNumber("+13105550101", "US"),
    "farid": PhoneNumber("+447700900102", "GB"),
}


def email_of(name: str) -> EmailAddress:
    return EmailAddress(name, "example.org")


def row(
    who: str,
    *,
    line: int = 2,
    email: bool = True,
    phone: bool = False,
    number: str | None = None,
    agrees: tuple[Channel, ...] | None = None,
    lacks: tuple[str, ...] = (),
    asked: Asked | None = None,
    everything: bool = False,
    closes: tuple[Channel, ...] | None = None,
    since: date | None = None,
    **more: object,
) -> Row:
    """A row of `who`: agreeing to the channels it has an address for, or closing them where `asked` says why."""
    here = tuple(channel for channel, there in ((Channel.EMAIL, email), (Channel.SMS, phone)) if there)
    agreeing = () if asked else here if agrees is None else agrees
    closing = () if asked is None else here if closes is None else closes
    return Row(
        line,
        email_of(who) if email else None,
        NUMBERS[number or who] if phone else None,
        agreements=tuple(Agreement(channel, GROUNDS, lacks) for channel in agreeing),
        blocks=tuple(Block(channel, asked, everything, since) for channel in closing if asked),
        **more,  # type: ignore[arg-type]
    )
