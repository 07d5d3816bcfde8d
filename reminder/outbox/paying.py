"""What the texts of an attempt cost, and what becomes of those that the campaign's budget does not pay for.

All in the transaction that begins the attempt: once the budget is spent, who has an email address gets an email instead,
and the others are recorded with the reason; the organisers are told once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.domain.cost import NO_PRICES, Money, Prices, TextCount
from reminder.domain.message import Content
from reminder.domain.states import Channel, MessageKind, Reason, Verdict
from reminder.domain.waves import EMAIL_MARGIN, next_window, reader
from reminder.store import budget, unpaid
from reminder.store.campaigns import zone_of
from reminder.store.columns import day, instant
from reminder.store.database import Connection
from reminder.store.handover import Begun, Claimed, Ready
from reminder.store.people.rhythms import rhythm
from reminder.store.queueing import queue_to_organisers


@dataclass(frozen=True, slots=True)
class Paying:
    """Pays for texts at these prices. `email_margin`: how long before the end of a reader's last day a mail leaves."""

    prices: Prices = NO_PRICES
    email_margin: timedelta = EMAIL_MARGIN

    def leave_payable(
        self, connection: Connection, claimed: Claimed, content: Content, provider: str, begun: Begun, now: datetime
    ) -> int:
        """Take what `begun.ready` may cost from the budget; who cannot be paid for is dealt with, and no longer in it.

        Returns how many get nothing at all.
        """
        if claimed.channel is not Channel.SMS or not begun.ready:
            return 0
        wanted = self._count(claimed, content, provider, len(begun.ready))
        paid = budget.reserve(connection, budget.payer_of(claimed), wanted.price, wanted.segments, wanted.texts)
        if paid == wanted.texts:
            return 0
        rest, begun.ready = begun.ready[paid:], begun.ready[:paid]
        reason = self._reason(connection, claimed, wanted.price)
        self._tell(connection, claimed, wanted.country, reason, now)
        by_email = unpaid.with_email(connection, rest)
        send_at, open_until = self._email_hours(connection, claimed, rest, now)
        unpaid.send_by_email(connection, claimed, by_email, reason, send_at=send_at, open_until=open_until, now=now)
        return unpaid.leave_unsent(connection, claimed, [one for one in rest if one not in by_email], reason, now)

    def keep(self, connection: Connection, claimed: Claimed, content: Content, provider: str, begun: Begun) -> None:
        """Write down what the attempt may cost."""
        if claimed.channel is Channel.SMS:
            count = self._count(claimed, content, provider, len(begun.ready))
            budget.keep_cost(connection, begun.attempt_id, budget.payer_of(claimed), provider, count)
            begun.texts = count.texts

    @staticmethod
    def hold(connection: Connection, claimed: Claimed) -> None:
        """Before anything else of the transaction: hand-overs of one campaign's texts follow each other."""
        budget.hold(connection, claimed)

    @staticmethod
    def settle(connection: Connection, begun: Begun, counts: Mapping[Verdict, int]) -> None:
        """Give back what was not taken. An unclear text counts as sent."""
        sent = counts[Verdict.ACCEPTED] + counts[Verdict.AMBIGUOUS]
        if sent < begun.texts:
            budget.settle(connection, begun.attempt_id, sent)

    def _count(self, claimed: Claimed, content: Content, provider: str, texts: int) -> TextCount:
        price = self.prices.of(claimed.route, provider)
        return TextCount(claimed.route, texts, content.segments, price)

    def _email_hours(
        self, connection: Connection, claimed: Claimed, rest: Sequence[Ready], now: datetime
    ) -> tuple[datetime, datetime]:
        """From when to when an email may go today. Where it is too late for that the hours are over at once: then it waits
        for the morning like any other, or is missed."""
        who = reader(
            rhythm(connection, claimed.rhythm_id),
            Channel.EMAIL,
            campaign_zone=zone_of(connection, budget.payer_of(claimed)),
            email_margin=self.email_margin,
        )
        last = instant(min(message.not_after for message in rest))
        window = next_window(who, now, last) if who else None
        if window is None or (claimed.kind is MessageKind.NUDGE and window.local_on != day(claimed.day)):
            return now, now
        return max(window.due_at, now), window.open_until

    @staticmethod
    def _reason(connection: Connection, claimed: Claimed, price: Money | None) -> Reason:
        """A price in another currency says nothing of what it takes from the budget."""
        found = budget.read_budget(connection, budget.payer_of(claimed))
        known = price is not None and (found is None or price.currency == found.amount.currency)
        return Reason.SMS_BUDGET_SPENT if known else Reason.NO_SMS_PRICE

    @staticmethod
    def _tell(connection: Connection, claimed: Claimed, country: str, reason: Reason, now: datetime) -> None:
        """Tell the organisers, once for each budget, or for each country without a price."""
        campaign = budget.payer_of(claimed)
        found = budget.read_budget(connection, campaign)
        if found is None:
            return
        spent = f"{found.spent.words()} of {found.amount.words()} are spent"
        payload = {
            "subject": f"Reminder: the budget for texts of campaign {campaign}",
            "reason": f"{spent}: who has an email address gets email instead of a text, the others get no text",
            "remedy": f"To let texts go on: `reminder campaign budget {campaign} AMOUNT`.",
        }
        occasion = f"sms-budget:{campaign}:{found.amount.amount}:{found.amount.currency}"
        if reason is Reason.NO_SMS_PRICE:
            where = country or "a country that is not known"
            payload["reason"] = (
                f"nobody knows what a text to {where} costs, so the budget cannot pay for it: who has an email address"
                " there gets email instead, the others get no text"
            )
            payload["remedy"] = "Add the price to the table that SMS_PRICES_FILE names, or take the budget away."
            occasion = f"sms-price:{campaign}:{country}"
        queue_to_organisers(connection, MessageKind.ALERT, payload, occasion, now)
