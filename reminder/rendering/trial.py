"""Every message once, about nobody: what shows only when a template runs is found before a campaign starts."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.rendering.languages import DEFAULT
from reminder.rendering.renderer import Renderer
from reminder.rendering.views import (
    Advice,
    AlertView,
    AnswerKind,
    AnswerView,
    AppealView,
    ClosingView,
    ConfirmationView,
    InvitationView,
    NudgeView,
    OutcomeView,
    ReportView,
    Sender,
    StopView,
    Table,
    TargetView,
)

_MAIL = Sender("letters@example.org", "Letters", reply_to="office@example.org", leave_address="leave@example.org")
_TEXT = Sender("Letters")
_TWO_WAY = Sender("12345", two_way=True)
_DAY = date(2020, 12, 22)
_WEEK = timedelta(days=7)
_TARGET = TargetView(
    lines=("The Director", "1 Example Row"),
    salutation="Dear Director",
    email=("director@example.org",),
    fax="12345",
    phone="12345",
    form_url="https://example.org/form",
)
_FULL = AppealView(
    campaign_id=1,
    code="example",
    names=("Somebody", "Somebody Else"),
    countries=("CN",),
    deadline=_DAY + _WEEK,
    post_by=_DAY,
    targets=(_TARGET, replace(_TARGET, copy=True)),
    demands=("that they be freed",),
    letter="Dear Director,\n\nI write about them.",
    write_in=("en", "own"),
    late_policy="After that date, ask the office.",
    named=True,
)
_BARE = AppealView(campaign_id=2, code="bare")


def try_all(renderer: Renderer) -> list[str]:
    """What is wrong with templates and catalogues when each kind of message is rendered; empty when all is well.

    In one language: whether the translations can be filled in is told by `Renderer.check`.
    """
    wrong = dict.fromkeys(renderer.check())
    for render in _messages(renderer, DEFAULT):
        try:
            render()
        except Trouble as trouble:
            wrong[str(trouble)] = None
    return list(wrong)


def _messages(renderer: Renderer, locale: str) -> Iterator[Callable[[], object]]:
    for channel, sender in ((Channel.EMAIL, _MAIL), (Channel.SMS, _TEXT), (Channel.SMS, _TWO_WAY)):
        for appeals in _reminders():
            yield partial(renderer.test, NudgeView(channel, locale, sender, _DAY, appeals, also_open=len(appeals) - 1))
        for appeal in (_FULL, _BARE):
            yield partial(renderer.closing, ClosingView(channel, locale, sender, appeal))
            yield partial(renderer.outcome, OutcomeView(channel, locale, sender, appeal, "They were freed."))
        yield partial(renderer.stop, StopView(channel, locale, sender, 1, _DAY))
        yield partial(renderer.confirmation, ConfirmationView(channel, locale, sender, "I agree."))
        for kind in AnswerKind:
            if kind is not AnswerKind.LINK or channel is Channel.EMAIL:
                yield partial(renderer.answer, AnswerView(channel, locale, sender, kind, day=_DAY))
    table = Table("Reached", ("Country", "People"), (("CN", "1"),))
    yield partial(renderer.report, ReportView(locale, _MAIL, "A report", (("Reached", "1"),), (table,), ("A note.",)))
    yield partial(
        renderer.alert, AlertView(locale, _MAIL, "Trouble", "it does not answer", "Look at it.", ("A line.",))
    )
    yield partial(renderer.invitation, InvitationView(locale, _MAIL, "organiser", "Somebody"))


def _reminders() -> Iterator[tuple[AppealView, ...]]:
    for advice in Advice:
        yield (replace(_FULL, advice=advice),)
    yield (replace(_FULL, deadline=_DAY),)
    yield (replace(_BARE, deadline=_DAY + _WEEK),)
    yield (_BARE,)
    yield (_FULL, replace(_FULL, campaign_id=3, advice=Advice.POST), _BARE)
