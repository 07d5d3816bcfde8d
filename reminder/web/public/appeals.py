"""The open appeals, an appeal's page, and what "I wrote" means: for everybody, without a name or an address."""

import re
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from reminder.domain.links import appeal_url
from reminder.domain.showing import Standing
from reminder.outbox.showing import Shown, list_open, look_up, show
from reminder.rendering.facts import RTL_LANGUAGES
from reminder.rendering.languages import Words
from reminder.web.site import Site

# A browser may show it again for so long; what was stopped meanwhile is refused by the page behind it.
KEPT = {"cache-control": "private, max-age=60"}
# For so long the list may be old. An appeal's page follows each change at once, and is made anew after so long.
LIST_SECONDS = 5
PAGE_SECONDS = 600
CARDS_ON_A_PAGE = 40
LONGEST_WORD = 100
_CODE = re.compile(r"[a-z0-9]{1,32}")
_ONE_DAY = timedelta(days=1)
Word = Annotated[str, Query(max_length=LONGEST_WORD)]


def routes(site: Site) -> APIRouter:
    """`/`, `/a/CODE` and `/a/CODE/wrote`."""
    router = APIRouter()

    @router.get("/")
    def home(
        request: Request, country: Word = "", topic: Word = "", page: Annotated[int, Query(ge=1, le=1000)] = 1
    ) -> Response:
        words, now = site.words(request), site.clock.now()

        def values() -> dict[str, Any]:
            begin = (page - 1) * CARDS_ON_A_PAGE
            listing = list_open(
                site.database, now, words.locale, country=country, topic=topic, begin=begin, at_most=CARDS_ON_A_PAGE
            )
            return {
                "listing": listing,
                "shown_page": page,
                "pages": -(-listing.many // CARDS_ON_A_PAGE),
                "chosen_country": country,
                "chosen_topic": topic,
                "countries": sorted((words.country(code), code, many) for code, many in listing.countries),
            } | _helpers(words)

        moment = int(now.timestamp()) // LIST_SECONDS
        return site.kept_page(request, "home.html", moment, values, words=words, headers=KEPT)

    @router.get("/a/{code}")
    def appeal(request: Request, code: str) -> Response:
        return _about(site, request, code, "appeal.html")

    @router.get("/a/{code}/wrote")
    def wrote(request: Request, code: str) -> Response:
        return _about(site, request, code, "appeal_wrote.html")

    return router


def _about(site: Site, request: Request, code: str, template: str) -> Response:
    """A page about one appeal; 404 where nobody may see it, and on to its own address where it has another one now."""
    words, now = site.words(request), site.clock.now()
    found = look_up(site.database, code.lower(), now) if _CODE.fullmatch(code.lower()) else None
    if found is None:
        raise HTTPException(404)
    known = found.showable
    if known.code != code:
        return RedirectResponse(request.url.path.replace(code, known.code, 1), status_code=307)

    def values() -> dict[str, Any]:
        shown = show(site.database, found, now, words.locale)
        if shown is None:
            raise HTTPException(404)
        return {
            "shown": shown,
            "appeal": shown.view,
            "title": _heading(shown, words),
            "canonical": appeal_url(site.settings.public_url, shown.code),
            "two_way": site.settings.sms_two_way,
            "posted_from": site.settings.organisation_country,
        } | _helpers(words)

    key = (found, int(now.timestamp()) // PAGE_SECONDS)
    hidden = known.stopped or known.removed_at is not None
    headers = KEPT | ({"x-robots-tag": "noindex"} if hidden else {})
    return site.kept_page(request, template, key, values, words=words, headers=headers)


def _heading(shown: Shown, words: Words) -> str:
    """What the page is called: the people, else its title, else nothing that tells who it was about."""
    if shown.standing is Standing.REMOVED:
        return words.t("An appeal that was taken down")
    return words.names(shown.view.names) or shown.title or words.t("The appeal")


def _helpers(words: Words) -> dict[str, Any]:
    """What the templates of appeals need beside every page's."""

    def days(until: date, today: date) -> str:
        left = (until - today).days
        if left < 0:
            return words.t("The last day is over")
        return words.tn("%(count)s day left", "%(count)s days left", left) if left else words.t("Today is the last day")

    return {
        "days_left": days,
        "one_day": _ONE_DAY,
        "is_rtl": lambda language: language.split("-")[0] in RTL_LANGUAGES,
    }
