"""What readers see of appeals: the open ones as cards, each by its code as a whole, in the best language that there is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from reminder.domain.cases import IssuedText
from reminder.domain.headlines import unshouted
from reminder.domain.showing import Standing, in_language, issues, standing_of
from reminder.domain.times import local_day
from reminder.outbox.views import appeal_view
from reminder.rendering.languages import chain
from reminder.rendering.views import AppealView
from reminder.store import showing
from reminder.store.database import Database
from reminder.store.saying import Appeal
from reminder.store.showing import Showable, ShownDocument

# What a translation leaves out is taken from the newest text.
_COMPLETED = ("case_names", "targets", "demands", "letter", "late_policy", "write_in", "title")


@dataclass(frozen=True, slots=True)
class Issue:
    """One document of the chain in the language that fits best. `removed`: its texts are gone."""

    title: str
    language: str
    issued_on: date | None
    deadline: date | None
    number: str
    story: str
    removed: bool


@dataclass(frozen=True, slots=True)
class Card:
    """An open appeal among the others. `today` is the day in `zone`, the campaign's; `days` are those left until `until`."""

    code: str
    names: tuple[str, ...]
    title: str
    language: str
    country: str
    topics: tuple[str, ...]
    zone: str
    today: date
    until: date | None
    review_on: date | None
    post_by: date | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An appeal on its page. Texts are in `view.language`; a removed one has no texts at all.

    `today` is the day in `zone`, the campaign's. `issues` is the chain, newest first; the first one is what the page is about.
    `languages` are those in which the newest issue can be read.
    """

    campaign_id: int
    case_id: int
    code: str
    standing: Standing
    view: AppealView
    title: str
    story: str
    issues: tuple[Issue, ...]
    languages: tuple[str, ...]
    topics: tuple[str, ...]
    zone: str
    today: date
    review_on: date | None
    outcome: str
    outcome_on: date | None
    ended_on: date | None

    @property
    def is_open(self) -> bool:
        """Whether people may write."""
        return self.standing is Standing.OPEN


@dataclass(frozen=True, slots=True)
class Listing:
    """The open appeals of a choice, and how many there are of each country and topic, the most first."""

    cards: tuple[Card, ...]
    countries: tuple[tuple[str, int], ...]
    topics: tuple[tuple[str, int], ...]
    many: int
    all: int


@dataclass(frozen=True, slots=True)
class Found:
    """An appeal that has a page, cheaply looked up: while this is the same, so is the page, but for what time brings."""

    showable: Showable
    today: date
    over: bool


def list_open(
    database: Database,
    now: datetime,
    locale: str = "en",
    *,
    country: str = "",
    topic: str = "",
    begin: int = 0,
    at_most: int = 1_000,
) -> Listing:
    """What is open now, the next deadline first, those without one last; of one country and one topic where named.

    `cards` are `at_most` of them from the number `begin` on, counted from 0; `many` fit the choice, `all` are open.
    """
    with database.read() as connection:
        found = [each for each in showing.open_now(connection) if _standing(each, now, removed=False) is Standing.OPEN]
        chosen = [each for each in found if country in {"", each.country} and (not topic or topic in each.topics)]
        wanted = chosen[begin : begin + at_most]
        chains = showing.chains_of(connection, [each.case_id for each in wanted])
    cards = [_card(each, chains[each.case_id], now, locale) for each in wanted]
    return Listing(
        cards=tuple(card for card in cards if card is not None),
        countries=_counted([each.country for each in found if each.country]),
        topics=_counted([topic for each in found for topic in each.topics]),
        many=len(chosen),
        all=len(found),
    )


def _counted(words: Sequence[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items(), key=lambda pair: (-pair[1], pair[0])))


def look_up(database: Database, code: str, now: datetime) -> Found | None:
    """The appeal with this code, None where none of its campaigns has begun."""
    with database.read() as connection:
        showable = showing.by_code(connection, code)
    if showable is None:
        return None
    standing = _standing(showable, now, removed=False)
    return Found(showable, local_day(now, showable.zone), over=standing is Standing.EXPIRED)


def show(database: Database, found: Found, now: datetime, locale: str = "en") -> Shown | None:
    """The whole of it for a reader of `locale`; None where it has no document that people may see."""
    with database.read() as connection:
        documents = showing.chain_of(connection, found.showable.case_id)
    return _shown(found.showable, documents, now, locale)


def read_appeal(database: Database, code: str, now: datetime, locale: str = "en") -> Shown | None:
    """The appeal with this code for a reader of `locale`, None where nobody may see it: no such code, a draft, one that
    waits for an answer and never began."""
    found = look_up(database, code, now)
    return None if found is None else show(database, found, now, locale)


def _standing(each: Showable, now: datetime, *, removed: bool) -> Standing:
    return standing_of(each.state, each.deadline_on, now, stopped=each.stopped, removed=removed, asks=each.asks)


def _card(each: Showable, documents: Sequence[ShownDocument], now: datetime, locale: str) -> Card | None:
    shown = _shown(each, documents, now, locale)
    if shown is None or not shown.is_open:
        return None
    return Card(
        code=each.code,
        names=shown.view.names,
        title=shown.title,
        language=shown.view.language,
        country=each.country,
        topics=each.topics,
        zone=each.zone,
        today=shown.today,
        until=each.deadline_on,
        review_on=each.review_on,
        post_by=shown.view.post_by,
    )


def _shown(each: Showable, documents: Sequence[ShownDocument], now: datetime, locale: str) -> Shown | None:
    removed = not documents or bool(documents[-1].text.answer("redacted"))
    # What no organiser has looked at yet is shown to nobody; what stood before it stays.
    known = documents[:-1] if each.unchecked and not removed else documents
    if not known:
        return None
    standing = _standing(each, now, removed=removed)
    stories = {document.text.digest: document.story for document in known}
    found = issues([document.text for document in known])
    newest = in_language(found[0], chain(locale))
    today = local_day(now, each.zone)
    read = _completed(newest, found[0][0])
    return Shown(
        campaign_id=each.campaign_id,
        case_id=each.case_id,
        code=each.code,
        standing=standing,
        view=appeal_view(_appeal(each, read), today, named=False),
        title=_title(read, stories[newest.digest]),
        story=stories[newest.digest],
        issues=tuple(_issue(in_language(issue, chain(locale)), stories) for issue in found),
        languages=tuple(str(text.read.get("language") or "") for text in found[0]),
        topics=each.topics,
        zone=each.zone,
        today=today,
        review_on=each.review_on,
        outcome="" if removed else each.outcome,
        outcome_on=local_day(each.outcome_at, each.zone) if each.outcome_at and not removed else None,
        ended_on=local_day(each.ended_at, each.zone) if each.ended_at else None,
    )


def _completed(text: IssuedText, newest: IssuedText) -> dict[str, Any]:
    return dict(text.read) | {key: text.read.get(key) or newest.read.get(key) for key in _COMPLETED}


def _appeal(each: Showable, read: dict[str, Any]) -> Appeal:
    return Appeal(
        campaign_id=each.campaign_id,
        case_id=each.case_id,
        code=each.code,
        title=each.title,
        country=each.country,
        zone=each.zone,
        deadline_on=each.deadline_on,
        post_by_on=each.post_by_on,
        sent_by_counts=each.sent_by_counts,
        named=False,
        outcome=each.outcome,
        redacted=False,
        read={key: value for key, value in read.items() if value is not None},
    )


def _issue(text: IssuedText, stories: Mapping[str, str]) -> Issue:
    story = stories[text.digest]
    return Issue(
        title=_title(text.read, story),
        language=str(text.read.get("language") or "en"),
        issued_on=text.issued_on,
        deadline=text.printed_deadline,
        number=str(text.read.get("index") or text.read.get("ua_number") or ""),
        story=story,
        removed=bool(text.answer("redacted")),
    )


def _title(read: Mapping[str, Any], story: str) -> str:
    written = f"{story}\n{read.get('letter') or ''}"
    return unshouted(read.get("title") or "", f"{written} {' and '.join(['', *(read.get('case_names') or ())])}")
