"""The yes of somebody who asked to be reminded: one button behind the link that her own address was sent."""

from fastapi import APIRouter, Request, Response

from reminder.domain.links import Purpose
from reminder.domain.states import Channel
from reminder.events.supporters import Holder, holder_of
from reminder.intake.people import answer_question
from reminder.outbox.showing import list_open
from reminder.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/confirm/TOKEN`. Only POST opens the channel."""
    router = APIRouter()

    def ask(request: Request, token: str) -> Response:
        holder = _holder(site, token)
        if holder is None:
            return site.no_such_link(request)
        words = site.words(request, holder.locale)
        by_text = holder.channel is Channel.SMS
        return site.page(request, "confirm.html", words=words, personal=True, by_text=by_text)

    def yes(request: Request, token: str) -> Response:
        holder = _holder(site, token)
        if holder is None or not isinstance(holder.who, int):
            return site.no_such_link(request)
        now = site.clock.now()
        words = site.words(request, holder.locale)
        if not answer_question(site.database, holder.who, holder.channel, now):
            return site.page(request, "ask_again.html", status=410, words=words, personal=True)
        cards = list_open(site.database, now, locale=words.locale).cards[:1]
        return site.page(request, "confirmed.html", words=words, personal=True, cards=cards)

    router.add_api_route("/confirm/{token}", ask, methods=["GET", "HEAD"])
    router.add_api_route("/confirm/{token}", yes, methods=["POST"])
    return router


def _holder(site: Site, token: str) -> Holder | None:
    """Who holds a genuine link, whom we still know."""
    read = site.app.links.read(Purpose.CONFIRM, token)
    if read is None:
        return None
    holder = holder_of(site.database, read[1])
    return holder if isinstance(holder.who, int) else None
