"""`/hooks/{provider}`: callbacks in. Verified on the raw body, stored, answered; what they say is applied afterwards."""

from collections.abc import Callable, Mapping

import structlog
from fastapi import APIRouter, Request, Response

from reminder.clock import Clock
from reminder.errors import Trouble
from reminder.events.intake import Keeper
from reminder.providers.contract import BadSignature, Callback, CannotTell, Provider
from reminder.store.database import Database
from reminder.store.vault import Vault

log = structlog.get_logger()
LONGEST_BODY = 10_000_000


def hooks(
    database: Database,
    vault: Vault,
    providers: Mapping[str, Provider],
    clock: Clock,
    public_url: str,
    heard: Callable[[], None],
) -> APIRouter:
    """The routes. `heard` is called once a callback is stored. `public_url` is what providers that sign the URL sign."""
    router, keeper, base = APIRouter(), Keeper(database, vault), public_url.rstrip("/")

    async def hook(name: str, request: Request) -> Response:
        """400 where it is not from the provider, 413 where it is too long, 500 and 503 only for a fault of ours: sent again."""
        provider = providers.get(name)
        if provider is None or not (provider.capabilities.webhooks or provider.capabilities.inbound):
            return Response(status_code=404)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        callback = Callback(
            method=request.method,
            url=f"{base}{request.url.path}{'?' if request.url.query else ''}{request.url.query}",
            headers={key.lower(): value for key, value in request.headers.items()},
            body=body,
            received_at=clock.now(),
        )
        try:
            await provider.verify(callback)
        except BadSignature as refusal:
            log.warning("callback_refused", provider=name, reason=str(refusal))
            return Response(status_code=400)
        except CannotTell as trouble:
            log.warning("callback_not_verified", provider=name, reason=str(trouble))
            return Response(status_code=503)
        try:
            await keeper.keep(name, callback)
        except Exception as error:  # noqa: BLE001 - whatever it was, the provider must come again
            reason = error.reason if isinstance(error, Trouble) else type(error).__name__
            log.error("callback_not_stored", provider=name, reason=reason)
            return Response(status_code=500)
        heard()
        answer = provider.acknowledgement
        return Response(answer.body, answer.status, media_type=answer.content_type)

    router.add_api_route("/hooks/{name}", hook, methods=["GET", "POST"], include_in_schema=False, response_model=None)
    return router


async def _body(request: Request) -> bytes | None:
    """The whole body, or None where it is longer than any callback."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > LONGEST_BODY:
        return None
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LONGEST_BODY:
            return None
    return bytes(body)
