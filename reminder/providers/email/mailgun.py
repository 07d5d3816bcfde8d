"""Mailgun, messages API v3.

One call takes 1,000 messages: one content with %recipient.…% in it, and "recipient-variables" with each person's values.
Without these everybody would see all addresses, so they are always there. Headers and our wire id (a "v:" variable, which
every event brings back) hold such placeholders too, so that the 16 KB allowed for them are never near. What would be read
as a placeholder in our own words, %unsubscribe_url% among it, is cut in two by one.

It answers one id for the whole call, has no idempotency key, and its logs cannot be asked for a wire id. Our Message-ID
is not handed over: that a placeholder works there is not documented. Whom Mailgun itself no longer writes to is accepted
and dropped in silence; an event says so afterwards. A call with one address that it dislikes is refused as a whole
without saying which; such a call is halved until the address is found.

Sources: Mailgun's OpenAPI description of messages; its pages "Batch sending", "Webhooks", "Securing webhooks",
"Suppressions", "Receiving, forwarding and storing messages". Its signature does not cover the body: a token that comes
again with another body is refused (as long as this process lives).
"""

import asyncio
import re
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from hmac import digest
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

import httpx

from reminder.domain.consent import Closed
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.providers.contract import BadSignature, Call, Callback, Capabilities, Suppressed, Told
from reminder.providers.email.mailgun_callbacks import signature_in, told
from reminder.providers.email.mailgun_form import form_of_call
from reminder.providers.email.reading import text_at
from reminder.providers.http import (
    ACCEPTED,
    ANSWER_WITHIN_SECONDS,
    BAD_ADDRESS,
    LATER,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    HttpProvider,
    Meaning,
    SecretHeader,
    Unanswered,
    meaning_of_status,
    receipts,
    unanswered,
    wait_of,
)
from reminder.providers.merge import once_each
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.signatures import require_any, require_recent, secrets_of

BATCH = 1_000
PAGE = 1_000
RETRIES_LAST = timedelta(hours=24)
TOKENS_KEPT = 20_000
_DOMAIN = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_BAD_TO = re.compile(r"\bto['\"]? parameter is not a valid address", re.IGNORECASE)
# 400 in the words that Mailgun has for accounts and domains that may not send (yet).
_OURS = re.compile(
    r"not allowed to send|sandbox|free accounts?|disabled|suspended|unverified|upgrade|billing|from['\"]? parameter",
    re.IGNORECASE,
)
# What it answers, with 200, at an address that is none of its own.
_NO_ADDRESS = "Mailgun Magnificent API"
_LISTS = {"bounces": Closed.BOUNCED, "complaints": Closed.COMPLAINED, "unsubscribes": Closed.UNSUBSCRIBED}


class Mailgun(HttpProvider):
    """Email by Mailgun's API, a thousand a call."""

    name: ClassVar[str] = "mailgun"
    channel: ClassVar[Channel] = Channel.EMAIL
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH, connections=2, validity=True, webhooks=True, inbound=True, suppressions=True
    )
    options: ClassVar[tuple[Option, ...]] = (
        Option(
            "api_key",
            "API key; one that may only send cannot be tried beforehand and cannot read Mailgun's lists.",
            required=True,
            secret=True,
        ),
        Option("domain", "Domain that Mailgun sends for, such as mg.example.org.", required=True),
        Option(
            "url",
            "Address of the API; https://api.eu.mailgun.net for the European region.",
            default="https://api.mailgun.net",
        ),
        Option(
            "signing_keys",
            "Webhook signing key, or several separated by commas; without one every callback is refused.",
            secret=True,
        ),
    )

    def __init__(
        self, http: httpx.AsyncClient, url: str, domain: str, auth: SecretHeader, signing_keys: Sequence[bytes]
    ) -> None:
        super().__init__(http)
        self._url = url
        self._domain = domain
        self._auth = auth
        # Kept in a closure, where nothing prints them.
        self._require: Callable[[Callable[[bytes], bytes], bytes], None] = lambda genuine, given: require_any(
            signing_keys, genuine, given
        )
        self._tokens: OrderedDict[str, bytes] = OrderedDict()

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for a domain or an address that is none."""
        domain, key = options.text("domain"), options.text("api_key")
        if not _DOMAIN.fullmatch(domain):
            raise options.bad("domain", "is no domain")
        encoded = b64encode(f"api:{key}".encode()).decode()
        auth = SecretHeader("Authorization", f"Basic {encoded}", key, encoded)
        return cls(http, options.url("url"), domain, auth, secrets_of(options, "signing_keys"))

    async def send(self, call: Call) -> list[Receipt]:
        """One call to messages, or a few where one address spoils it. A second message to an address goes again later."""
        people, again = once_each(call.recipients)
        put_off = receipts(again, LATER, code="same address", retry_after=0)
        ends = asyncio.get_running_loop().time() + ANSWER_WITHIN_SECONDS
        return await self._hand_over(call, people, ends) + put_off

    async def _hand_over(self, call: Call, people: list[Recipient], ends: float) -> list[Receipt]:
        """Hand these over; where Mailgun dislikes an address and does not say whose, one half and then the other."""
        left = ends - asyncio.get_running_loop().time()
        if not call.still_ours() or left <= 1:
            return receipts(people, LATER, code="not begun", retry_after=0)
        content, content_type = form_of_call(call, people)
        try:
            async with asyncio.timeout(left):
                answer = await self.ask(
                    "POST",
                    f"{self._url}/v3/{self._domain}/messages",
                    content=content,
                    headers={"Content-Type": content_type},
                    auth=self._auth,
                )
        except Unanswered as error:
            return unanswered(people, error)
        except TimeoutError:
            return unanswered(people, Unanswered("TimeoutError", left=True))
        words = _words(answer)
        if answer.status == httpx.codes.BAD_REQUEST and _BAD_TO.search(words) and len(people) > 1:
            half = len(people) // 2
            first = await self._hand_over(call, people[:half], ends)
            return first + await self._hand_over(call, people[half:], ends)
        return self._receipts(people, answer, words, call.now)

    def _receipts(self, people: list[Recipient], answer: Answer, words: str, now: datetime) -> list[Receipt]:
        if answer.status == httpx.codes.OK and (told_id := text_at(answer.json(), "id").strip("<>")):
            return [Receipt(each.message_id, ACCEPTED.verdict, provider_id=told_id) for each in people]
        wait = wait_of(answer, now)
        meaning = _meaning(answer, words)
        return receipts(people, meaning, code=str(answer.status), detail=self._auth.hide(words), retry_after=wait)

    async def verify(self, callback: Callback) -> None:
        """HMAC over timestamp and token, which stand in the body; the rest of it is not signed."""
        stamp, token, given = signature_in(callback)
        if not stamp or not token or not given:
            raise BadSignature("the signature is missing")
        self._require(
            lambda key: digest(key, (stamp + token).encode(), "sha256").hex().encode(), given.encode("utf-8", "replace")
        )
        require_recent(callback, stamp, within=RETRIES_LAST)
        body = sha256(callback.body).digest()
        if self._tokens.setdefault(token, body) != body:
            raise BadSignature("the token was used for something else")
        if len(self._tokens) > TOKENS_KEPT:
            self._tokens.popitem(last=False)

    def parse(self, callback: Callback) -> list[Told]:
        """One event, or a mail that a route forwards."""
        return told(callback)

    async def suppressions(self) -> list[Suppressed]:
        """Everybody on the domain's lists of bounces, complaints and unsubscribes."""
        return [each for name, reason in _LISTS.items() for each in await self._list(name, reason)]

    async def _list(self, name: str, reason: Closed) -> list[Suppressed]:
        what = f"The Mailgun list {name}"
        url = f"{self._url}/v3/{self._domain}/{name}"
        asked: list[dict[str, str]] = []
        params = {"limit": str(PAGE)}
        found: list[Suppressed] = []
        while params not in asked:
            asked.append(params)
            page = await self.fetch(what, url, params=params, auth=self._auth)
            items = page.get("items") if isinstance(page, dict) else None
            if not isinstance(items, list):
                raise Trouble(what, "could not be read: the answer is no list", "Try again later.")
            found += [
                Suppressed(address, reason, _since(text_at(item, "created_at")))
                for item in items
                if (address := text_at(item, "address")) and _of_everything(item)
            ]
            # Only the question of the next page is taken over: our key goes to the configured address alone.
            params = dict(parse_qsl(urlsplit(text_at(page, "paging", "next")).query))
            if not items or not params:
                break
        return found

    async def check(self) -> None:
        """Read the domain with the key; it must be active."""
        answer = self.ask("GET", f"{self._url}/v4/domains/{self._domain}", auth=self._auth)
        remedy = "Set a key that may read the domain; one that may only send cannot be tried."
        found = (await self.prove(setting_name(self.name, "api_key"), answer, remedy)).json()
        if (state := text_at(found, "domain", "state")) != "active":
            reason = f"is {state if state.isalpha() else 'not active'} at Mailgun"
            raise Trouble(setting_name(self.name, "domain"), reason, "Verify the domain at Mailgun.")


def _words(answer: Answer) -> str:
    """What it says: {"message": …}, or a JSON string such as "Forbidden", or plain text."""
    found = answer.json()
    return text_at(found, "message") or (found if isinstance(found, str) else "" if found else answer.text())


def _meaning(answer: Answer, words: str) -> Meaning:
    """400 speaks of an address, of our account, or of the message; 401, 402, 403 and 404 of the account; 429 asks to wait
    and says how long in its words; of 500 nobody knows."""
    if 200 <= answer.status < 300:
        return OUR_ACCOUNT if _NO_ADDRESS in words else UNCLEAR
    if answer.status == httpx.codes.BAD_REQUEST:
        if _BAD_TO.search(words):
            return BAD_ADDRESS
        if _OURS.search(words):
            return OUR_ACCOUNT
    return meaning_of_status(answer.status)


def _since(text: str) -> datetime:
    """ "Fri, 21 Oct 2011 11:02:55 GMT" as an instant; the beginning of time where it is none."""
    try:
        found = parsedate_to_datetime(text)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _of_everything(item: Any) -> bool:
    """An unsubscription may be from mails with a certain tag; ours have none, so only one from everything stops them."""
    tags = item.get("tags") if isinstance(item, dict) else None
    return not isinstance(tags, list) or not tags or "*" in tags
