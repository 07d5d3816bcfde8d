"""`/hooks/{provider}`: callbacks in. Verified on the raw body, stored, answered; what they say is applied afterwards.

Plain ASGI: providers such as Postmark call once for each event, and what a framework does around a request takes several
times as long as what is done here.
"""

import asyncio
from collections.abc import Callable, Mapping

import structlog
from fastapi import Response

from reminder.clock import Clock
from reminder.errors import Trouble
from reminder.events.intake import Keeper
from reminder.providers.contract import BadSignature, Callback, CannotTell, Provider
from reminder.store.database import Database
from reminder.store.vault import Vault
from reminder.web.asgi import Receive, Scope, Send

log = structlog.get_logger()
PATH = "/hooks/"
LONGEST_BODY = 10_000_000
# Providers send a callback in one go; who needs longer keeps a connection, and up to the longest body, for nothing.
BODY_SECONDS = 20.0


class TooLong(Exception):
    """A body that is longer than any callback."""


class TooSlow(Exception):
    """A body that did not come in time."""


class Gone(Exception):
    """The caller went away before the whole of the body was there."""


class Hooks:
    """The ASGI application of every path below `/hooks/`.

    `heard` is called once a callback is stored. `public_url` is what providers that sign the URL sign.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        providers: Mapping[str, Provider],
        clock: Clock,
        public_url: str,
        heard: Callable[[], None],
        *,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        self._keeper = Keeper(database, vault)
        self._doors = {
            name: provider
            for name, provider in providers.items()
            if provider.capabilities.webhooks or provider.capabilities.inbound
        }
        said = {name: provider.acknowledgement for name, provider in self._doors.items()}
        self._thanks = {
            name: Response(answer.body, answer.status, media_type=answer.content_type) for name, answer in said.items()
        }
        self._clock = clock
        self._base = public_url.rstrip("/")
        self._heard = heard
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            answer = await self._answer(scope, receive)
        except Gone:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        """400 where it is not from the provider, 408 and 413 where it is too slow or too long, 500 and 503 only for a fault
        of ours: then it is sent again."""
        name = scope["path"].removeprefix(PATH)
        provider = self._doors.get(name)
        if provider is None:
            return Response(status_code=404)
        if scope["method"] not in {"GET", "POST"}:
            return Response(status_code=405, headers={"allow": "GET, POST"})
        headers = {key.decode("latin-1"): text.decode("latin-1") for key, text in scope["headers"]}
        try:
            body = await _body(headers, receive, self._body_seconds)
        except TooLong:
            return Response(status_code=413)
        except TooSlow:
            # What is still to come would be taken for the next request.
            return Response(status_code=408, headers={"connection": "close"})
        query = scope["query_string"].decode("latin-1")
        url = f"{self._base}{PATH}{name}{'?' if query else ''}{query}"
        callback = Callback(scope["method"], url, headers, body, self._clock.now())
        return await self._take(name, provider, callback)

    async def _take(self, name: str, provider: Provider, callback: Callback) -> Response:
        try:
            await provider.verify(callback)
            await self._keeper.keep(name, callback)
        except BadSignature as refusal:
            log.warning("callback_refused", provider=name, reason=str(refusal))
            return Response(status_code=400)
        except CannotTell as trouble:
            log.warning("callback_not_verified", provider=name, reason=str(trouble))
            return Response(status_code=503)
        except Exception as error:  # noqa: BLE001 - whatever it was, the provider must come again
            reason = error.reason if isinstance(error, Trouble) else type(error).__name__
            log.error("callback_not_stored", provider=name, reason=reason)
            return Response(status_code=500)
        self._heard()
        return self._thanks[name]


async def _body(headers: Mapping[str, str], receive: Receive, within_seconds: float) -> bytes:
    """The whole body; raises `TooLong`, if possible before anything of it is read, `TooSlow` or `Gone`."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > LONGEST_BODY:
        raise TooLong
    try:
        async with asyncio.timeout(within_seconds):
            return await _pieces(receive)
    except TimeoutError:
        raise TooSlow from None


async def _pieces(receive: Receive) -> bytes:
    message = await receive()
    body = bytearray()
    while message["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > LONGEST_BODY:
            raise TooLong
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()
    raise Gone
