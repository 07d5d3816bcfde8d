"""What the adapters over HTTP share: one exchange, and what it means that no answer came.

The line between "certainly not taken" and "nobody knows" is drawn here, once: a request whose last byte was not
written cannot have been acted on; one that was written and got no whole answer may have been.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Fault, Verdict
from reminder.errors import Trouble
from reminder.providers.contract import CALL_LIMIT_SECONDS, Call, MayNot
from reminder.providers.scrub import scrub
from reminder.providers.silent import NoCallbacks

# A call ends before the sender's own limit for it does, so that its receipts are still written.
ANSWER_WITHIN_SECONDS = CALL_LIMIT_SECONDS - 2
LONGEST_ANSWER_BYTES = 4_000_000
LONGEST_WAIT_SECONDS = 86_400
# A page of a list is asked for so many times, and waited for so long, where the provider counts questions.
PAGE_TRIES = 6
LONGEST_PAGE_WAIT_SECONDS = 10

# Raised by httpx before the last byte of the request was written.
_NOT_WRITTEN = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.WriteError,
    httpx.WriteTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)


class Unanswered(Exception):
    """No whole answer came. `left`: the request may have reached the provider. `code` is one word for the log."""

    def __init__(self, code: str, *, left: bool) -> None:
        super().__init__(code)
        self.code = code
        self.left = left


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of the provider. `headers` have lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON, or None where it is none (a page of HTML, nothing at all)."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None

    def text(self) -> str:
        """The body as text, for a receipt's detail: scrub it."""
        return self.body[:2_000].decode("utf-8", "replace")


async def ask(
    http: httpx.AsyncClient, method: str, url: str, *, longest: int = LONGEST_ANSWER_BYTES, **more: Any
) -> Answer:
    """One request and its answer of at most `longest` bytes, whatever the status.

    Raises `Unanswered`; never follows a redirect.
    """
    try:
        async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
            async with http.stream(method, url, **more) as response:
                body = bytearray()
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > longest:
                        raise Unanswered("answer too long", left=True)
                return Answer(response.status_code, response.headers, bytes(body))
    except _NOT_WRITTEN as error:
        raise Unanswered(type(error).__name__, left=False) from None
    except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
        raise Unanswered(type(error).__name__, left=True) from None


_WAIT_IN_TEXT = re.compile(r"(\d{1,5})\s*(second|minute|hour|s\b|m\b|h\b)", re.IGNORECASE)
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def wait_of(answer: Answer, now: datetime) -> int | None:
    """Seconds that the provider asks us to wait: Retry-After (seconds or a date), a rate limit's reset, or its words."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isdigit():
        return _sensible(int(said))
    if said:
        try:
            until = parsedate_to_datetime(said)
        except ValueError:
            until = None
        if until is not None:
            until = until if until.tzinfo else until.replace(tzinfo=UTC)
            return _sensible(int((until - now).total_seconds()))
    reset = answer.headers.get("x-ratelimit-reset", "").strip()
    if reset.isdigit():
        # An instant since 1970 or a number of seconds: no wait is longer than a day.
        at = int(reset)
        return _sensible(at - int(now.timestamp()) if at > LONGEST_WAIT_SECONDS else at)
    if answer.status == httpx.codes.TOO_MANY_REQUESTS and (found := _WAIT_IN_TEXT.search(answer.text())):
        return _sensible(int(found[1]) * _UNIT_SECONDS[found[2][0].lower()])
    return None


def _sensible(seconds: int) -> int:
    """At least a second (0 would mean that nothing was tried), at most a day."""
    return max(1, min(seconds, LONGEST_WAIT_SECONDS))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an answer means for a message."""

    verdict: Verdict
    fault: Fault = Fault.NONE


ACCEPTED = Meaning(Verdict.ACCEPTED)
LATER = Meaning(Verdict.RETRY)
UNCLEAR = Meaning(Verdict.AMBIGUOUS)
OUR_ACCOUNT = Meaning(Verdict.RETRY, Fault.ACCOUNT)
BAD_ADDRESS = Meaning(Verdict.REJECTED, Fault.ADDRESS)
BAD_CONTENT = Meaning(Verdict.REJECTED, Fault.CONTENT)
OPTED_OUT = Meaning(Verdict.REJECTED, Fault.OPTED_OUT)


def meaning_of_status(status: int) -> Meaning:
    """What a status means where the provider's documents say nothing else of it.

    A redirect, 401, 402, 403, 404 and 405 speak of our address or key for the provider, not of a message. 408, 425, 429
    and 503 refuse before the work. Of 500, 502 and 504 nobody knows whether the work was done.
    """
    if status in {408, 425, 429, 503}:
        return LATER
    if 300 <= status < 400 or status in {401, 402, 403, 404, 405, 407, 410, 421}:
        return OUR_ACCOUNT
    if 400 <= status < 500:
        return BAD_CONTENT
    return UNCLEAR


def receipt(
    recipient: Recipient,
    meaning: Meaning,
    *,
    code: str = "",
    detail: str = "",
    provider_id: str = "",
    retry_after: int | None = None,
) -> Receipt:
    """One person's receipt; the address is taken out of the provider's words."""
    return Receipt(
        recipient.message_id,
        meaning.verdict,
        meaning.fault,
        provider_id=provider_id,
        code=scrub(code, address=recipient.address, message_id=recipient.message_id) if code else "",
        detail=scrub(detail, address=recipient.address, message_id=recipient.message_id) if detail else "",
        retry_after=retry_after,
    )


def receipts(
    recipients: Iterable[Recipient],
    meaning: Meaning,
    *,
    code: str = "",
    detail: str = "",
    retry_after: int | None = None,
) -> list[Receipt]:
    """The same receipt for each of them. What speaks of all of them may name any of them: their words are left out."""
    people = list(recipients)
    if len(people) > 1:
        words = scrub(detail, address="", message_id=0)
        for person in people:
            local = person.address.partition("@")[0].lstrip("+")
            if local and local.lower() in words.lower():
                words = ""
                break
        return [
            Receipt(person.message_id, meaning.verdict, meaning.fault, code=code, detail=words, retry_after=retry_after)
            for person in people
        ]
    return [receipt(person, meaning, code=code, detail=detail, retry_after=retry_after) for person in people]


def not_ours(call: Call) -> list[Receipt]:
    """Nothing was tried, because the call is no longer ours."""
    return receipts(call.recipients, LATER, code="not begun", retry_after=0)


def unanswered(recipients: Iterable[Recipient], error: Unanswered) -> list[Receipt]:
    """What it means that no answer came."""
    return receipts(recipients, UNCLEAR if error.left else LATER, code=error.code)


async def one_by_one(
    call: Call, side_by_side: int, send_one: Callable[[Recipient], Awaitable[Receipt]]
) -> list[Receipt]:
    """A volley of single sends, `side_by_side` at a time. Asks `still_ours` before each; an account's fault ends it."""
    found: list[Receipt] = []
    waiting = iter(call.recipients)
    ended: Receipt | None = None

    async def worker() -> None:
        nonlocal ended
        for recipient in waiting:
            if ended is not None:
                found.append(receipt(recipient, OUR_ACCOUNT, code=ended.code, retry_after=0))
                continue
            if not call.still_ours():
                found.append(receipt(recipient, LATER, code="not begun", retry_after=0))
                continue
            try:
                answer = await send_one(recipient)
            except Unanswered as error:
                answer = unanswered([recipient], error)[0]
            found.append(answer)
            if answer.fault is Fault.ACCOUNT:
                ended = answer

    await asyncio.gather(*(worker() for _ in range(min(side_by_side, len(call.recipients)))))
    return found


class SecretHeader(httpx.Auth):
    """A header with a secret in it, kept where nothing prints it. `secrets` are what `hide` takes out of texts."""

    def __init__(self, name: str, value: str, *secrets: str) -> None:
        self._name = name
        self._value = value
        self._secrets = [secret for secret in secrets if secret]

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header, as httpx asks for it."""
        request.headers[self._name] = self._value
        yield request

    def hide(self, text: str) -> str:
        """A provider's words without the secret, should it repeat what it was given."""
        for secret in self._secrets:
            text = text.replace(secret, "[secret]")
        return text


def may_not_read(what: str, status: int) -> MayNot:
    """A list that the key may not read."""
    return MayNot(what, f"may not be read with this key ({status})", "Let the key read it, or keep the list by hand.")


class HttpProvider(NoCallbacks):
    """What an adapter over HTTP is unless it says otherwise: no callbacks, no look-up, no list, no way to try its key."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(self, method: str, url: str, **more: Any) -> Answer:
        """`ask` with the one client."""
        return await ask(self._http, method, url, **more)

    async def fetch(self, what: str, url: str, **more: Any) -> Any:
        """The JSON that a GET answers, for lists, which are read page by page as fast as the provider allows.

        Raises `MayNot` or `Trouble` that names `what`.
        """
        for waited in range(PAGE_TRIES):
            try:
                answer = await self.ask("GET", url, **more)
            except Unanswered as error:
                raise Trouble(what, f"could not be read: no answer ({error.code})", "Try again later.") from None
            if answer.status != httpx.codes.TOO_MANY_REQUESTS or waited == PAGE_TRIES - 1:
                break
            said = answer.headers.get("retry-after", "").strip()
            await asyncio.sleep(min(int(said), LONGEST_PAGE_WAIT_SECONDS) if said.isdigit() else 1)
        found = answer.json()
        if answer.status in {401, 403}:
            raise may_not_read(what, answer.status)
        if answer.status != httpx.codes.OK or found is None:
            reason = f"could not be read: the provider answers {answer.status}"
            raise Trouble(what, reason, "Check what the key is allowed to do, or try again later.")
        return found

    async def prove(self, name: str, answer: Awaitable[Answer], remedy: str) -> Answer:
        """For `check`: the answer, or `Trouble` unless it is a success; `name` is the setting that holds the key."""
        try:
            got = await answer
        except Unanswered as error:
            raise Trouble(
                name, f"could not be tried: no answer ({error.code})", "Check the network and the URL."
            ) from None
        if got.status in {401, 403}:
            raise Trouble(name, f"is refused by the provider ({got.status})", remedy)
        if not 200 <= got.status < 300:
            raise Trouble(name, f"could not be tried: the provider answers {got.status}", "Try again later.")
        return got

    async def close(self) -> None:
        """The client is not ours."""
