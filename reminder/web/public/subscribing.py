"""Subscribing by a form: whoever types an address, only a yes by that address itself opens it.

The answer is the same whether the address is known or not, and says nothing of it.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Query, Request, Response

from reminder.domain.scopes import ALL, country_scope, topic_scope
from reminder.domain.times import is_zone
from reminder.errors import Trouble
from reminder.intake.people import Joining, add_subscriber
from reminder.intake.typed import typed_email, typed_phone
from reminder.outbox.showing import list_open, read_appeal
from reminder.rendering.languages import Words
from reminder.web.site import Site
from reminder.web.visitors import Visitors, read_proxies

ACTION = "/subscribe"
# What somebody agreed to is kept with her agreement; a change of the sentence is a new version.
WORDING_VERSION = "1"
MANY_AN_HOUR = 20
LONGEST = 400
Text = Annotated[str, Form(max_length=LONGEST)]
Word = Annotated[str, Query(max_length=100)]


@dataclass(slots=True)
class Typed:
    """What stands in the form; `errors` by field."""

    email: str = ""
    phone: str = ""
    texts: bool = False
    country: str = ""
    what: str = ALL
    zone: str = ""
    errors: dict[str, str] = field(default_factory=dict)


def routes(site: Site) -> APIRouter:
    """`/subscribe` and the privacy notice that it names."""
    router = APIRouter()
    visitors = Visitors(read_proxies(site.settings.trusted_proxies), MANY_AN_HOUR)

    def form(request: Request, appeal: Word = "") -> Response:
        return _form(site, request, Typed(what=f"appeal:{appeal}" if appeal else ALL))

    def subscribe(
        request: Request,
        token: Text = "",
        email: Text = "",
        phone: Text = "",
        texts: Text = "",
        country: Text = "",
        what: Text = ALL,
        zone: Text = "",
        website: Text = "",
    ) -> Response:
        typed = Typed(email.strip(), phone.strip(), bool(texts), country, what, zone)
        words = site.words(request)
        if not site.may_post(request, ACTION, token):
            typed.errors["email"] = words.t("The page was open for too long. Please send it once more.")
            return _form(site, request, typed, status=400)
        _check(typed, words)
        if typed.errors:
            return _form(site, request, typed, status=400)
        if not visitors.may_come(request, site.clock.now()):
            return site.page(request, "error.html", status=429, personal=True, status_code=429)
        # Only what fills in forms by itself sees that field; it is told what everybody is told.
        if not website:
            _join(site, typed, words)
        return site.page(request, "asked.html", words=words, personal=True, by_text=bool(typed.phone))

    def privacy(request: Request) -> Response:
        return site.page(request, "privacy.html", processors=site.settings.processors)

    router.add_api_route("/privacy", privacy, methods=["GET", "HEAD"])
    router.add_api_route(ACTION, form, methods=["GET", "HEAD"])
    router.add_api_route(ACTION, subscribe, methods=["POST"])
    return router


def _check(typed: Typed, words: Words) -> None:
    """What is wrong with the form, by field."""
    if not typed.email and not typed.phone:
        typed.errors["email"] = words.t("Please type an email address, or a phone number below.")
    if typed.email:
        try:
            typed_email(typed.email)
        except Trouble:
            typed.errors["email"] = words.t("That is not an email address that mail can be sent to. Look for a slip.")
    if typed.phone:
        try:
            typed_phone(typed.phone, typed.country)
        except Trouble:
            typed.errors["phone"] = words.t("That number cannot be read. Begin it with + and the country’s code.")
        if not typed.texts:
            typed.errors["texts"] = words.t("Please tick that you want texts, or take the number out.")
    if typed.zone and not is_zone(typed.zone):
        typed.zone = ""


def _join(site: Site, typed: Typed, words: Words) -> None:
    """Queue the question whether she meant it; who is known already, or may not be asked, is answered alike."""
    joining = Joining(
        email=typed.email,
        phone=typed.phone,
        locale=words.locale,
        country=typed.country,
        zone=typed.zone,
        subscriptions=(_scope(site, typed.what, words),),
        source="web form",
        wording=f"{WORDING_VERSION} {words.tag}: {consent_sentence(site, words, by_text=bool(typed.phone))}",
        own_request=True,
    )
    add_subscriber(site.database, site.vault, joining, site.clock.now(), site.app.asking)


def consent_sentence(site: Site, words: Words, *, by_text: bool) -> str:
    """What she agrees to, as it stands above the button."""
    office = site.app.renderer.office.legal_name
    if by_text:
        return words.t(
            "%(office)s may remind me by email and text of letters that are due, at most twice a week.", office=office
        )
    return words.t("%(office)s may remind me by email of letters that are due, at most twice a week.", office=office)


def _scope(site: Site, what: str, words: Words) -> str:
    kind, _, name = what.partition(":")
    if kind == "appeal":
        shown = read_appeal(site.database, name, site.clock.now(), words.locale)
        return f"case:{shown.case_id}" if shown is not None else ALL
    if kind == "country" and len(name) == 2 and name.isalpha():
        return country_scope(name)
    return topic_scope(name) if kind == "topic" and name.strip() else ALL


def _form(site: Site, request: Request, typed: Typed, *, status: int = 200) -> Response:
    words = site.words(request)
    listing = list_open(site.database, site.clock.now(), locale=words.locale)
    choices = [(ALL, words.t("All appeals"))]
    if typed.what.startswith("appeal:"):
        choices.append((typed.what, words.t("Only the appeal that I have just read")))
    choices += sorted(
        ((f"country:{code}", words.country(code)) for code, _ in listing.countries), key=lambda each: each[1]
    )
    choices += [(f"topic:{name}", name) for name, _ in listing.topics]
    return site.page(
        request,
        "subscribe.html",
        status=status,
        words=words,
        personal=True,
        typed=typed,
        choices=choices,
        consent=consent_sentence(site, words, by_text=False),
        offers_texts=bool(site.settings.names("sms_providers")),
        two_way=site.settings.sms_two_way,
        zones=_zones(),
        countries=_countries(words),
    )


@lru_cache(maxsize=1)
def _zones() -> tuple[str, ...]:
    return tuple(
        sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/")))
    )


@lru_cache(maxsize=32)
def _countries(words: Words) -> tuple[tuple[str, str], ...]:
    """Every country by its name in the reader's language."""
    named = [
        (code, str(name))
        for code, name in words.babel.territories.items()
        if len(code) == 2 and code not in _NO_COUNTRIES
    ]
    return tuple(sorted(named, key=lambda each: each[1]))


# Groups of countries, and codes for what is none.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})
