"""Leaving, from the link of any mail, old or new: one button, one POST, and it is done.

The link is the proof, so that no form token is asked: leaving must never fail for a formality. GET and HEAD change
nothing, because mail scanners follow links.
"""

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.concurrency import run_in_threadpool

from reminder.domain.consent import LEAVING, Leaving
from reminder.domain.links import Purpose
from reminder.domain.states import Channel
from reminder.events.supporters import Holder, holder_of, holder_of_short, leave
from reminder.web.site import Site

# What the buttons of the page say; anything else that is posted is a mail program's one click.
BUTTONS = {
    "email": Leaving.ALL_EMAIL,
    "texts": Leaving.STOP,
    "appeal": Leaving.THIS_APPEAL,
    "never": Leaving.NEVER_AGAIN,
}


def routes(site: Site) -> APIRouter:
    """`/leave/TOKEN`, and `/s/SHORT`, where the link of a text leads."""
    router = APIRouter()

    def ask(request: Request, token: str) -> Response:
        found = _holder(site, token)
        if found is None:
            return site.no_such_link(request)
        holder, campaign_id = found
        return site.page(
            request,
            "leave.html",
            words=site.words(request, holder.locale),
            personal=True,
            by_text=holder.channel is Channel.SMS,
            this_appeal=bool(campaign_id),
        )

    async def leave_now(request: Request, token: str) -> Response:
        chosen = await _chosen(request)
        return await run_in_threadpool(_leave, site, request, token, chosen)

    def doors(request: Request, short: str) -> Response:
        holder = _holder_of_short(site, short)
        if holder is None:
            return site.no_such_link(request)
        by_text = holder.channel is Channel.SMS
        words = site.words(request, holder.locale)
        return site.page(request, "leave.html", words=words, personal=True, by_text=by_text, this_appeal=False)

    async def leave_by_short(request: Request, short: str) -> Response:
        chosen = await _chosen(request)
        return await run_in_threadpool(_leave_by_short, site, request, short, chosen)

    router.add_api_route("/s/{short}", doors, methods=["GET", "HEAD"])
    router.add_api_route("/s/{short}", leave_by_short, methods=["POST"], response_model=None)
    router.add_api_route("/leave/{token}", ask, methods=["GET", "HEAD"])
    router.add_api_route("/leave/{token}", leave_now, methods=["POST"], response_model=None)
    return router


async def _chosen(request: Request) -> str:
    """Which button it was; '' for a mail program's one click, whatever it sends (RFC 8058 says what, not all obey)."""
    try:
        form = await request.form(max_files=1, max_fields=10)
    except Exception:  # noqa: BLE001 - a body that nobody can read is a click all the same
        return ""
    word = form.get("what")
    return word if isinstance(word, str) and word in BUTTONS else ""


def _leave(site: Site, request: Request, token: str, chosen: str) -> Response:
    found = _holder(site, token)
    if found is None:
        return site.no_such_link(request)
    return _leave_as(site, request, *found, chosen)


def _leave_by_short(site: Site, request: Request, short: str, chosen: str) -> Response:
    holder = _holder_of_short(site, short)
    return site.no_such_link(request) if holder is None else _leave_as(site, request, holder, 0, chosen)


def _leave_as(site: Site, request: Request, holder: Holder, campaign_id: int, chosen: str) -> Response:
    what = BUTTONS[chosen] if chosen else _all_of(holder)
    if LEAVING[what].this_case and not (campaign_id and isinstance(holder.who, int)):
        what = _all_of(holder)
    left = leave(site.database, what, holder.who, site.clock.now(), campaign_id=campaign_id or None)
    words = site.words(request, holder.locale)
    sentences = [words.t(sentence) for sentence in left.sentences]
    if not chosen:
        # A mail program wants to know that it worked, and shows nobody what else there is to say.
        return PlainTextResponse("\n".join([*sentences, ""]), headers={"cache-control": "no-store"})
    return site.page(request, "left.html", words=words, personal=True, sentences=sentences)


def _all_of(holder: Holder) -> Leaving:
    """One click ends everything by the channel that the link came by."""
    return Leaving.STOP if holder.channel is Channel.SMS else Leaving.ONE_CLICK


def _holder(site: Site, token: str) -> tuple[Holder, int] | None:
    """Who holds a genuine link, and the campaign that it names (0: none)."""
    read = site.app.links.read(Purpose.LEAVE, token)
    if read is None:
        return None
    campaign_id, address_hash = read
    return holder_of(site.database, address_hash), campaign_id


def _holder_of_short(site: Site, short: str) -> Holder | None:
    """Who holds the link of a text."""
    first_bytes = site.app.links.read_short(short)
    return None if first_bytes is None else holder_of_short(site.database, first_bytes)
