"""From a batch to the view that its templates are given."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from reminder.domain.message import Content
from reminder.domain.plan import advice, reach_of
from reminder.domain.sms_rules import EVERYWHERE, SmsRules
from reminder.domain.states import Channel, MessageKind
from reminder.errors import Trouble
from reminder.rendering.languages import language_code
from reminder.rendering.renderer import Renderer
from reminder.rendering.views import (
    Advice,
    AlertView,
    AnswerKind,
    AnswerView,
    AppealView,
    ClosingView,
    ConfirmationView,
    NudgeView,
    OutcomeView,
    ReportView,
    Sender,
    Still,
    StopView,
    Table,
    TargetView,
)
from reminder.store.columns import day
from reminder.store.database import Connection
from reminder.store.handover import Claimed
from reminder.store.saying import Appeal, appeal_of

CONTENTS_KEPT = 16
# A mistake in a template or in what a document says: it is set aside with its batch, and the others go on.
CANNOT_BE_BUILT = (Trouble, LookupError, ValueError, TypeError, AttributeError)


@dataclass(frozen=True, slots=True)
class Senders:
    """From whom mail and SMS come; where the rules for `texts` hold, from the lawful sender of the number's country."""

    email: Sender
    sms: Sender
    texts: SmsRules = EVERYWHERE

    def of(self, channel: Channel, route: str) -> Sender:
        """The sender of a channel, for texts to the country `route`. `Trouble` where none is lawful."""
        if channel is Channel.EMAIL:
            return self.email
        if self.texts.everywhere:
            return self.sms
        lawful = self.texts.sender_for(route)
        if lawful is None or not self.texts.allowed(route):
            raise Trouble(
                f"A text to {route or 'a number of no known country'}",
                f"may not be sent: {self.texts.why_not(route)}",
                "See SMS_COUNTRIES and SMS_SENDERS.",
            )
        return Sender(lawful.identity, two_way=lawful.two_way)


class Contents:
    """Renders the content of a batch; pure but for reading the appeal."""

    def __init__(self, renderer: Renderer, senders: Senders) -> None:
        self._renderer = renderer
        self._senders = senders
        # The batches of a sending follow each other in a few languages; what they say is read anew for each of them.
        self._rendered_nudge = lru_cache(maxsize=CONTENTS_KEPT)(renderer.nudge)

    def of(self, connection: Connection, claimed: Claimed) -> Content:
        """The content of a batch. Raises `Trouble` for a template that cannot be rendered."""
        makers: dict[MessageKind, Callable[[Connection, Claimed, Sender], Content]] = {
            MessageKind.NUDGE: self._nudge,
            MessageKind.CLOSING: self._closing,
            MessageKind.NOTE: self._stop,
            MessageKind.CONFIRMATION: self._confirmation,
            MessageKind.ANSWER: self._answer,
            MessageKind.REPORT: self._report,
            MessageKind.ALERT: self._alert,
            MessageKind.TEST: self._test,
        }
        return makers[claimed.kind](connection, claimed, self._senders.of(claimed.channel, claimed.route))

    def segments(self, connection: Connection, campaign_id: int, locale: str, on: date, country: str) -> int:
        """What the text of a campaign's reminder takes on a reader's day, to a country; 0 where it cannot be built."""
        try:
            sender, appeal = self._senders.of(Channel.SMS, country), appeal_of(connection, campaign_id)
            # Somebody who lets names stand in previews may get a longer text.
            views = [appeal_view(appeal, on, named=named) for named in {False, appeal.named}]
            return max(
                self._renderer.segments(NudgeView(Channel.SMS, locale, sender, day=on, appeals=(view,))).count
                for view in views
            )
        except CANNOT_BE_BUILT:
            return 0

    def _nudge_view(self, connection: Connection, claimed: Claimed, sender: Sender) -> NudgeView:
        today = day(claimed.day)
        found = [appeal_of(connection, item[0]) for item in claimed.items]
        # Two campaigns may be for one case, which is listed once: by the first, the more pressing one.
        once = {appeal.case_id: appeal for appeal in reversed(found)}.values()
        appeals = tuple(appeal_view(appeal, today, named=claimed.named) for appeal in found if appeal in once)
        return NudgeView(
            channel=claimed.channel,
            locale=claimed.locale,
            sender=sender,
            day=today,
            appeals=appeals,
            also_open=claimed.also_open,
        )

    def _nudge(self, connection: Connection, claimed: Claimed, sender: Sender) -> Content:
        return self._rendered_nudge(self._nudge_view(connection, claimed, sender))

    def _test(self, connection: Connection, claimed: Claimed, sender: Sender) -> Content:
        return self._renderer.test(self._nudge_view(connection, claimed, sender))

    def _closing(self, connection: Connection, claimed: Claimed, sender: Sender) -> Content:
        appeal = appeal_of(connection, claimed.items[0][0])
        view = appeal_view(appeal, day(claimed.day), named=claimed.named)
        if claimed.payload.get("says") == "outcome":
            return self._renderer.outcome(
                OutcomeView(claimed.channel, claimed.locale, sender, appeal=view, outcome=appeal.outcome)
            )
        return self._renderer.closing(ClosingView(claimed.channel, claimed.locale, sender, appeal=view))

    def _stop(self, connection: Connection, claimed: Claimed, sender: Sender) -> Content:
        appeal = appeal_of(connection, claimed.items[0][0])
        return self._renderer.stop(
            StopView(
                claimed.channel, claimed.locale, sender, campaign_id=appeal.campaign_id, deadline=appeal.deadline_on
            )
        )

    def _confirmation(self, _: Connection, claimed: Claimed, sender: Sender) -> Content:
        return self._renderer.confirmation(
            ConfirmationView(claimed.channel, claimed.locale, sender, wording=claimed.payload.get("wording", ""))
        )

    def _answer(self, _: Connection, claimed: Claimed, sender: Sender) -> Content:
        said = claimed.payload
        return self._renderer.answer(
            AnswerView(
                claimed.channel, claimed.locale, sender, kind=AnswerKind(said["kind"]), still=Still(said["still"])
            )
        )

    def _report(self, _: Connection, claimed: Claimed, sender: Sender) -> Content:
        said = claimed.payload
        return self._renderer.report(
            ReportView(
                locale=claimed.locale,
                sender=sender,
                subject=said["subject"],
                facts=tuple((label, value) for label, value in said.get("facts", [])),
                tables=tuple(
                    Table(table["title"], tuple(table["header"]), tuple(tuple(row) for row in table["rows"]))
                    for table in said.get("tables", [])
                ),
                notes=tuple(said.get("notes", [])),
            )
        )

    def _alert(self, _: Connection, claimed: Claimed, sender: Sender) -> Content:
        said = claimed.payload
        return self._renderer.alert(
            AlertView(
                locale=claimed.locale,
                sender=sender,
                subject=said["subject"],
                reason=said["reason"],
                remedy=said["remedy"],
                lines=tuple(said.get("lines", [])),
            )
        )


def appeal_view(appeal: Appeal, today: date, *, named: bool) -> AppealView:
    """An appeal as the templates see it on the reader's day `today`."""
    read = appeal.read
    targets: list[dict[str, Any]] = read.get("targets", [])
    post_by = appeal.deadline_on if appeal.sent_by_counts else appeal.post_by_on
    return AppealView(
        campaign_id=appeal.campaign_id,
        code=appeal.code,
        names=tuple(read.get("case_names", [])),
        countries=(appeal.country,) if appeal.country else (),
        deadline=appeal.deadline_on,
        post_by=post_by,
        advice=Advice(advice(reach_of(targets), today, post_by, appeal.deadline_on)),
        targets=tuple(_target_view(target) for target in targets),
        demands=tuple(read.get("demands", [])),
        letter=read.get("letter") or "",
        write_in=tuple(language_code(name, read.get("language") or "en") for name in read.get("write_in", [])),
        late_policy=read.get("late_policy") or "",
        language=read.get("language") or "en",
        named=named and appeal.named,
    )


def _target_view(target: dict[str, Any]) -> TargetView:
    address = (target.get("postal_address") or "").splitlines()
    head = [line for line in (target.get("name"), target.get("role")) if line and line not in address]
    return TargetView(
        lines=(*head, *address),
        salutation=target.get("salutation") or "",
        email=tuple(target.get("email", [])),
        fax=target.get("fax") or "",
        phone=target.get("phone") or "",
        copy=bool(target.get("copy")),
    )
