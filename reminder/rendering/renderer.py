"""Renders every kind of message. Pure: the same view gives the same bytes, on any day and any machine."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from reminder.domain.message import Content
from reminder.domain.states import Channel
from reminder.rendering.check import check_languages, missing_messages
from reminder.rendering.clean import clean_view
from reminder.rendering.compose import Sheet
from reminder.rendering.facts import AppealFacts, facts_of, nudge_facts
from reminder.rendering.languages import DEFAULT, Languages
from reminder.rendering.segments import Segments
from reminder.rendering.templates import Templates
from reminder.rendering.views import (
    AlertView,
    AnswerView,
    ClosingView,
    ConfirmationView,
    InvitationView,
    NudgeView,
    Office,
    OutcomeView,
    ReaderView,
    ReportView,
    StopView,
    View,
)

CONTENTS_KEPT = 64
_AnyView = TypeVar("_AnyView", bound=View)


class Renderer:
    """From views to contents. `template_folders`: the operator's first, `default_template_folder()` last.

    One instance serves all threads. Every method raises `Trouble` where a template, a catalogue or an organiser's text
    has a mistake, and for nothing else that may stand in a view. Views are values: the last contents are kept by view, so
    that a thousand batches of one content render once.
    """

    def __init__(self, template_folders: Sequence[Path], office: Office) -> None:
        office = clean_view(office)
        self.office = replace(office, public_url=office.public_url.rstrip("/"))
        self.languages = Languages([folder / "languages" for folder in template_folders])
        self._templates = Templates(template_folders)
        self._nudge = lru_cache(maxsize=CONTENTS_KEPT)(self._render_nudge)

    def nudge(self, view: NudgeView) -> Content:
        """A reminder of one to three appeals, by email or SMS."""
        return self._nudge(view, False)[0]

    def test(self, view: NudgeView) -> Content:
        """The same reminder, marked as a test."""
        return self._nudge(view, True)[0]

    def segments(self, view: NudgeView) -> Segments:
        """What the SMS of a reminder takes, with links of their real length: for previews and cost."""
        segments = self._nudge(view, False)[1]
        if segments is None:
            raise ValueError("an email has no segments")
        return segments

    def closing(self, view: ClosingView) -> Content:
        """The note after the deadline: check with your office. Asks for no letter."""
        view, sheet = self._begin(view)
        sheet.context["appeal"] = facts_of(view.appeal, sheet.words, self.office.public_url)
        return _finish(sheet, "closing", view, opening="email/closing.opening.txt")[0]

    def outcome(self, view: OutcomeView) -> Content:
        """How it ended, in the organisers' words."""
        view, sheet = self._begin(view)
        sheet.context |= {
            "appeal": facts_of(view.appeal, sheet.words, self.office.public_url),
            "outcome": view.outcome,
        }
        return _finish(sheet, "outcome", view)[0]

    def stop(self, view: StopView) -> Content:
        """The neutral note "Please do not write for now"."""
        view, sheet = self._begin(view)
        sheet.context["deadline"] = view.deadline
        return _finish(sheet, "stop", view, opening="email/stop.opening.txt")[0]

    def confirmation(self, view: ConfirmationView) -> Content:
        """Asks for the click, or the YES, that begins a subscription."""
        view, sheet = self._begin(view, leaves=False)
        sheet.context |= {"wording": view.wording, "hours": view.hours}
        return _finish(sheet, "confirmation", view)[0]

    def answer(self, view: AnswerView) -> Content:
        """What we did as asked, and in a line what still comes."""
        view, sheet = self._begin(view, leaves=False)
        sheet.context |= {
            "kind": view.kind,
            "still": view.still,
            "answer_day": view.day,
            "minutes": view.minutes,
            "short": view.channel is Channel.SMS,
        }
        sentence, still = sheet.line("email/answer.sentence.txt"), sheet.line("email/answer.still.txt")
        sheet.context |= {"sentence": sentence, "still_words": still}
        if view.channel is Channel.SMS:
            return sheet.sms("answer")[0]
        return sheet.mail("answer", auto="auto-replied")

    def report(self, view: ReportView) -> Content:
        """A report to organisers."""
        return self._organiser("report", view)

    def alert(self, view: AlertView) -> Content:
        """Trouble, told to organisers."""
        return self._organiser("alert", view)

    def invitation(self, view: InvitationView) -> Content:
        """Asks somebody to join as an organiser."""
        return self._organiser("invitation", view, opening="email/invitation.opening.txt")

    def check(self) -> list[str]:
        """What is wrong with templates and catalogues: each with file, line and remedy; empty when all is well.

        What shows only when a template runs is found by `try_all`.
        """
        troubles = self._templates.compile_all()
        return [str(trouble) for trouble in [*troubles, *check_languages(self.languages)]]

    def untranslated(self) -> dict[str, list[str]]:
        """For each language of a catalogue the English texts that it lacks; they reach readers along the chain."""
        tags = [tag for tag in self.languages.tags if tag != DEFAULT]
        return {tag: missing_messages(self._templates, self.languages.files(tag)) for tag in tags}

    def _begin(self, given: _AnyView, *, leaves: bool = True) -> tuple[_AnyView, Sheet]:
        view = clean_view(given)
        words = self.languages.words(view.locale)
        return view, Sheet(self._templates, self.office, words, view.sender, leaves=leaves)

    def _render_nudge(self, given: NudgeView, test: bool) -> tuple[Content, Segments | None]:
        view, sheet = self._begin(given)
        appeals = [nudge_facts(each, view.day, sheet.words, self.office.public_url) for each in view.appeals]
        sheet.context |= {
            "appeals": [_with_task(each, sheet) for each in appeals],
            "named": all(each.view.named for each in appeals),
            "also_open": view.also_open,
            "test": test,
        }
        return _finish(sheet, "nudge", view)

    def _organiser(self, kind: str, given: ReportView | AlertView | InvitationView, opening: str = "") -> Content:
        view, sheet = self._begin(given, leaves=False)
        sheet.context["view"] = view
        if opening:
            sheet.context["opening"] = sheet.line(opening)
        return sheet.mail(kind, greets=False)


def _with_task(appeal: AppealFacts, sheet: Sheet) -> AppealFacts:
    return replace(appeal, task=sheet.line("email/task.txt", appeal=appeal))


def _finish(sheet: Sheet, kind: str, view: ReaderView, opening: str = "") -> tuple[Content, Segments | None]:
    if view.channel is Channel.SMS:
        return sheet.sms(kind)
    if opening:
        sheet.context["opening"] = sheet.line(opening)
    return sheet.mail(kind), None
