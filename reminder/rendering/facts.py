"""What the templates say about an appeal, worked out once: which date counts, how many days are left, names in order."""

from dataclasses import dataclass, replace
from datetime import date

from babel.lists import format_list

from reminder.domain.links import appeal_url
from reminder.errors import Trouble
from reminder.rendering.clean import clean_line, clean_text
from reminder.rendering.languages import Words
from reminder.rendering.own_text import render_own_text
from reminder.rendering.views import Advice, AppealView

# ISO codes of languages written from right to left, for the document's own texts inside a mail of another language.
RTL_LANGUAGES = frozenset({"ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


@dataclass(frozen=True, slots=True)
class AppealFacts:
    """`until` is the date that counts for this reader: the post-by day where posting is the advice, else the deadline.

    `days` is the number of days from the day of sending to `until` (0: today is the last), None where no date is known.
    """

    view: AppealView
    names: str
    countries: str
    write_url: str
    until: date | None = None
    days: int | None = None
    posting: bool = False
    task: str = ""
    own_text: str = ""
    document_rtl: bool = False


def facts_of(view: AppealView, words: Words, public_url: str) -> AppealFacts:
    """The facts that hold on any day."""
    names = [clean_line(name) for name in view.names]
    countries = [clean_line(words.country(country)) for country in view.countries]
    return AppealFacts(
        view=view,
        names=format_list(names, locale=words.babel),
        countries=format_list(countries, locale=words.babel),
        write_url=appeal_url(public_url, view.code),
        document_rtl=view.language.split("-")[0] in RTL_LANGUAGES,
    )


def nudge_facts(view: AppealView, day: date, words: Words, public_url: str) -> AppealFacts:
    """The facts on `day`; `Trouble` when the deadline has passed, for no nudge may speak then."""
    if view.deadline is not None and view.deadline < day:
        raise Trouble(
            f"The reminder of campaign {view.campaign_id}", "is for a date that has passed", "It is not sent."
        )
    posting = view.advice is Advice.POST and view.post_by is not None and view.post_by >= day
    until = view.post_by if posting else view.deadline
    days = None if until is None else (until - day).days
    facts = replace(facts_of(view, words, public_url), until=until, days=days, posting=posting)
    return replace(facts, own_text=_own_text(facts, words)) if view.own_text else facts


def _own_text(facts: AppealFacts, words: Words) -> str:
    values = {
        "names": facts.names,
        "country": facts.countries,
        "days_left": facts.days,
        "until": words.day_and_year(facts.view.deadline) if facts.view.deadline else "",
        "post_by": words.day_and_year(facts.view.post_by) if facts.view.post_by else "",
        "write_url": facts.write_url,
    }
    return clean_text(render_own_text(facts.view.own_text, values, f"The text of campaign {facts.view.campaign_id}"))
