"""SMS through Infobip, version 3 of its API: a hundred texts a call, each with its own words.

Our wire id is the message's own id there: by it the log is asked for what became of a message, for 48 hours; a second
message with an id already used is refused. Each message has a validity, in seconds.

Infobip does not sign reports that go to an address named in the message, and the header of its HMAC subscriptions is
not documented. So the secret is part of that address (hook_url?key=…); subscriptions, which bring what people answer,
have either that address or basic authentication, with "user:password" among the secrets. Who answers STOP is taken off by
us; Infobip acts on such words only where its web interface was told to.

Sources: the OpenAPI description of Infobip's SMS API, 3.210; its pages "Message status codes", "Error code reference" and
"Webhooks" (infobip.com/docs/developer-resources/api-fundamentals).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

import httpx
import orjson

from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Fault, Result, Verdict
from reminder.providers.absence import require_never_seen
from reminder.providers.contract import Call, Callback, Capabilities, Told
from reminder.providers.http import (
    ACCEPTED,
    BAD_ADDRESS,
    BAD_CONTENT,
    LATER,
    OPTED_OUT,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    HttpProvider,
    Meaning,
    SecretHeader,
    Unanswered,
    meaning_of_status,
    not_ours,
    receipt,
    receipts,
    unanswered,
    wait_of,
)
from reminder.providers.options import Option, Options
from reminder.providers.signatures import require_basic_auth, require_secret, secrets_of
from reminder.providers.sms.infobip_reports import (
    DELIVERED,
    PENDING,
    heard,
    number_at,
    reported,
    result_of,
    results_in,
    text_at,
)
from reminder.providers.sms.single import form_of, hook_url, query_of, seconds_left, with_query

BATCH = 100
LONGEST_VALIDITY_SECONDS = 48 * 3600
SHORTEST_VALIDITY_SECONDS = 60
# The log holds 48 hours, and nobody says how soon a message is in it: only between these is "not there" an answer.
IN_THE_LOG_AFTER = timedelta(minutes=10)
IN_THE_LOG_FOR = timedelta(hours=47)
FLOODED_SECONDS = 3_600
_FLOODED = Meaning(Verdict.RETRY, Fault.MAILBOX)
_PLACE = re.compile(r"messages\[(\d+)\]\.?(.*)")

# A message's status in the answer, by id ("Message status codes"). Pending and delivered ones are accepted.
STATUSES: dict[int, Meaning] = {
    # No sender of ours, out of credit, package over, a trial for one number, no route on the account.
    **dict.fromkeys((11, 12, 13, 17, 18, 19), OUR_ACCOUNT),
    **dict.fromkeys((8, 51, 52), BAD_ADDRESS),
    # Do-not-disturb by the operator, and the do-not-contact list of our account.
    **dict.fromkeys((10, 14), OPTED_OUT),
    # 6 per hour with the same words, 20 with any.
    20: _FLOODED,
    # A fault of theirs: "retry the submission".
    **dict.fromkeys((21, 100), LATER),
    # The id was used before, so the message was there before: the log knows what became of it.
    23: UNCLEAR,
    # No coverage, broken header, too long, taken for fraud, refused by operator or platform.
    **dict.fromkeys((4, 6, 9, 24, 25, 31, 87, 99), BAD_CONTENT),
}


@dataclass(frozen=True, slots=True)
class InfobipSettings:
    """The options, read. `report_url` is where reports go, with its secret; empty where none are asked for."""

    url: str
    auth: SecretHeader = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    report_url: str = field(repr=False)


class Infobip(HttpProvider):
    """One Infobip account."""

    name: ClassVar[str] = "infobip"
    channel: ClassVar[Channel] = Channel.SMS
    options: ClassVar[tuple[Option, ...]] = (
        Option("api_key", "API key that may send texts and read their log.", required=True, secret=True),
        Option("url", "Address of the API, which is your own: https://….api.infobip.com.", required=True),
        hook_url("infobip"),
        Option(
            "hook_secret",
            "Secret that is part of the address that Infobip calls, or user:password of a subscription; several with"
            " commas, the first one for reports. Without one every callback is refused.",
            secret=True,
        ),
    )
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH,
        connections=2,
        look_up=True,
        validity=True,
        recipient_headers=False,
        webhooks=True,
        inbound=True,
    )

    def __init__(self, settings: InfobipSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http)
        self._settings = settings
        called = bool(settings.secrets)
        self.capabilities = replace(type(self).capabilities, webhooks=called, inbound=called)

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """An account with these settings; opens nothing."""
        key, hook, secrets = options.text("api_key"), options.url("hook_url"), secrets_of(options, "hook_secret")
        settings = InfobipSettings(
            url=options.url("url"),
            auth=SecretHeader("Authorization", f"App {key}", key, *(secret.decode() for secret in secrets)),
            secrets=secrets,
            report_url=with_query(hook, {"key": secrets[0].decode()}) if hook and secrets else "",
        )
        return cls(settings, http)

    async def send(self, call: Call) -> list[Receipt]:
        """One call to sms/3/messages."""
        people = list(call.recipients)
        body = self._body(call, people)
        if not call.still_ours():
            return not_ours(call)
        url, headers = f"{self._settings.url}/sms/3/messages", {"Content-Type": "application/json"}
        try:
            answer = await self.ask("POST", url, content=body, headers=headers, auth=self._settings.auth)
        except Unanswered as error:
            return unanswered(people, error)
        if 200 <= answer.status < 300:
            return self._one_by_one(people, answer.json())
        return self._refused(people, answer, call.now)

    def _body(self, call: Call, people: Sequence[Recipient]) -> bytes:
        validity = seconds_left(call, SHORTEST_VALIDITY_SECONDS, LONGEST_VALIDITY_SECONDS)
        options = {"validityPeriod": {"amount": validity, "timeUnit": "SECONDS"}}
        hook: dict[str, Any] = {"contentType": "application/json"}
        if self._settings.report_url:
            hook["delivery"] = {"url": self._settings.report_url}
        messages: list[dict[str, Any]] = [
            {
                "sender": call.content.sender,
                "destinations": [{"to": person.address.removeprefix("+"), "messageId": person.wire_id}],
                "content": {"text": call.content.text.fill(person.values)},
                "options": options,
                "webhooks": {**hook, "callbackData": person.wire_id},
            }
            for person in people
        ]
        return orjson.dumps({"messages": messages})

    def _one_by_one(self, people: list[Recipient], said: Any) -> list[Receipt]:
        """What the answer says of each message, found by its id. Who is missing in it may have been taken."""
        messages = said.get("messages") if isinstance(said, dict) else None
        answers = {text_at(each, "messageId"): each for each in (messages if isinstance(messages, list) else [])}
        found = []
        for person in people:
            status = answers.get(person.wire_id, {}).get("status")
            meaning, name = _meaning(status), text_at(status, "name")
            found.append(
                receipt(
                    person,
                    meaning,
                    code=name or "no answer",
                    detail="" if meaning is ACCEPTED else self._settings.auth.hide(text_at(status, "description")),
                    provider_id=person.wire_id if meaning is ACCEPTED else "",
                    retry_after=FLOODED_SECONDS if meaning is _FLOODED else None,
                )
            )
        return found

    def _refused(self, people: list[Recipient], answer: Answer, now: datetime) -> list[Receipt]:
        """The whole call was refused; with 400 perhaps because of some of its messages, whose places are named."""
        said = answer.json()
        if answer.status == httpx.codes.BAD_REQUEST and (bad := _by_place(said, len(people))):
            return [
                receipt(person, bad[place], code="400")
                if place in bad
                else Receipt(person.message_id, LATER.verdict, code="400", retry_after=0)
                for place, person in enumerate(people)
            ]
        words = self._settings.auth.hide(text_at(said, "description") or answer.text())
        meaning = _of_call(said) if answer.status == httpx.codes.BAD_REQUEST else meaning_of_status(answer.status)
        wait = wait_of(answer, now)
        return receipts(people, meaning, code=str(answer.status), detail=words, retry_after=wait)

    async def verify(self, callback: Callback) -> None:
        """The secret in the address, or basic authentication."""
        if "authorization" in callback.headers:
            return require_basic_auth(self._settings.secrets, callback)
        return require_secret(self._settings.secrets, form_of(query_of(callback)).get("key", ""))

    def parse(self, callback: Callback) -> list[Told]:
        """Delivery reports, or what people wrote."""
        return heard(callback)

    async def look_up(self, wire_id: str, *, sent_at: datetime, provider_id: str = "") -> Sequence[Told]:
        """What the log says. That a message is not in it is an answer only while it would be, by the server's clock."""
        url, params = f"{self._settings.url}/sms/3/logs", {"messageId": wire_id, "limit": "10"}
        answer = await self.ask("GET", url, params=params, auth=self._settings.auth)
        if answer.status != httpx.codes.OK or not isinstance(answer.json(), dict):
            raise Unanswered(str(answer.status), left=True)
        entries = [
            entry for entry in results_in(answer.body) if text_at(entry, "messageId") == wire_id and "status" in entry
        ]
        if entries:
            # Of one refused before and sent again later, the later one counts.
            return reported(max(entries, key=lambda entry: result_of(entry["status"]) or Result.UNKNOWN), sent_at)
        require_never_seen(answer, sent_at, after=IN_THE_LOG_AFTER, until=IN_THE_LOG_FOR)
        return []

    async def check(self) -> None:
        """Read a line of the log."""
        url = f"{self._settings.url}/sms/3/logs"
        asked = self.ask("GET", url, params={"limit": "1"}, auth=self._settings.auth)
        await self.prove("INFOBIP_API_KEY", asked, "Make an API key that may send texts and read their log.")


def _meaning(status: object) -> Meaning:
    """A message's status in an answer of 200."""
    if number_at(status, "groupId") in {PENDING, DELIVERED}:
        return ACCEPTED
    # Without a status nobody knows; one of another group that is not in the table refuses this message.
    return STATUSES.get(number_at(status, "id"), UNCLEAR if number_at(status, "groupId") < 0 else BAD_CONTENT)


def _violations(said: object) -> list[str]:
    found = said.get("violations") if isinstance(said, dict) else None
    return [text_at(each, "property") for each in found] if isinstance(found, list) else []


def _by_place(said: object, people: int) -> dict[int, Meaning]:
    """Whose message was at fault, by place; nothing where one of the violations speaks of all of them."""
    found: dict[int, Meaning] = {}
    for name in _violations(said):
        place = _PLACE.fullmatch(name)
        if place is None or int(place[1]) >= people or place[2].startswith("sender"):
            return {}
        found.setdefault(int(place[1]), BAD_ADDRESS if place[2].endswith("to") else BAD_CONTENT)
    return found


def _of_call(said: object) -> Meaning:
    return OUR_ACCOUNT if any(name.endswith("sender") for name in _violations(said)) else BAD_CONTENT
