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
from reminder.events.supporters import Holder, holder_of, leave
from reminder.web.site import Site

# What the buttons of the page say; anything else that is posted is a mail program's one click.
BUTTONS = {
    "email": Leaving.ALL_EMAIL,
    "texts": Leaving.STOP,
    "appeal": Leaving.THIS_APPEAL,
    "never": Leaving.NEVER_AGAIN,
}


def routes(site: Site) -> APIRouter:
    """`/leave/TOKEN`."""
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
    holder, campaign_id = found
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
