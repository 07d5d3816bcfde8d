""" "I have written", from the link of a mail: one button, a thank-you, and a day to undo it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from reminder.domain.links import Purpose
from reminder.events.supporters import (
    BY_LINK,
    Holder,
    Told,
    holder_of,
    letters_of_others,
    report_letter,
    say_how,
    take_letter_back,
)
from reminder.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/wrote/TOKEN`, what came of it, which way it went, and undo. Only POST changes anything."""
    router = APIRouter()

    def ask(request: Request, token: str) -> Response:
        found = _holder(site, token)
        if found is None:
            return site.no_such_link(request)
        holder, campaign_id = found
        told = _told(site, campaign_id, holder)
        words = site.words(request, holder.locale)
        if told is None or told.at is None:
            return site.page(request, "wrote.html", words=words, personal=True, known=told is not None)
        return site.page(
            request,
            "thanks.html",
            words=words,
            personal=True,
            told=told,
            others=letters_of_others(site.database, campaign_id),
        )

    def report(request: Request, token: str) -> Response:
        found = _holder(site, token)
        if found is None:
            return site.no_such_link(request)
        holder, campaign_id = found
        if isinstance(holder.who, int) and _told(site, campaign_id, holder) is not None:
            report_letter(site.database, campaign_id, holder.who, BY_LINK, site.clock.now())
        return site.see_other(request.url.path)

    def how(request: Request, token: str, way: Annotated[str, Form(max_length=20)] = "") -> Response:
        found = _holder(site, token)
        if found is None:
            return site.no_such_link(request)
        holder, campaign_id = found
        if isinstance(holder.who, int):
            say_how(site.database, campaign_id, holder.who, way)
        return site.see_other(f"/wrote/{token}")

    def undo(request: Request, token: str) -> Response:
        found = _holder(site, token)
        if found is None:
            return site.no_such_link(request)
        holder, campaign_id = found
        if isinstance(holder.who, int) and _told(site, campaign_id, holder) is not None:
            take_letter_back(site.database, campaign_id, holder.who, site.clock.now())
        return site.see_other(f"/wrote/{token}")

    router.add_api_route("/wrote/{token}", ask, methods=["GET", "HEAD"])
    router.add_api_route("/wrote/{token}", report, methods=["POST"])
    router.add_api_route("/wrote/{token}/how", how, methods=["POST"])
    router.add_api_route("/wrote/{token}/undo", undo, methods=["POST"])
    return router


def _holder(site: Site, token: str) -> tuple[Holder, int] | None:
    """Who holds a genuine link, and the campaign that it names."""
    read = site.app.links.read(Purpose.WROTE, token)
    if read is None:
        return None
    campaign_id, address_hash = read
    return holder_of(site.database, address_hash), campaign_id


def _told(site: Site, campaign_id: int, holder: Holder) -> Told | None:
    """What she told us of this appeal; None where the appeal, or she herself, is not known any more."""
    if not isinstance(holder.who, int):
        return None
    return Told.of(site.database, campaign_id, holder.who, site.clock.now())
