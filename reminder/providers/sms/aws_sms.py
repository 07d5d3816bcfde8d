"""SMS through AWS End User Messaging SMS (version 2 of its API).

One call of SendTextMessage a message; our wire id travels as its context and comes back in every event, which an SNS topic
hands us where the configuration set publishes to one. It gives up after TimeToLive (at most three days), has no
idempotency key, and cannot be asked about a message. Replies come to the topic that two-way messaging of the number
names, and know our message by Amazon's id alone. Unless a number leaves opting out to us, Amazon answers STOP by itself,
and may not tell us: the opt-out list is read, and a message to somebody on it is refused.

TEXT_SUCCESSFUL means that the carrier took it, in some countries also that it arrived. After 72 hours without news an
event says "unknown".

Sources: botocore's service model of pinpoint-sms-voice-v2 (shapes, exceptions and their reasons); the service's guide,
pages "Event types for SMS, MMS, and voice", "Example event data", "Example of a two-way SMS message payload",
"Self-managed opt-outs" and "Required opt-out keywords".
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

import httpx
import orjson

from reminder.clock import SystemClock
from reminder.domain.consent import Closed, Leaving
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Result
from reminder.errors import Trouble
from reminder.providers.aws import ACCESS, Signer, error_of, proved, said, words_of
from reminder.providers.contract import Call, Callback, Inbound, ProviderEvent, Suppressed, Told
from reminder.providers.email.reading import code_of, instant, list_at, text_at
from reminder.providers.http import (
    ACCEPTED,
    UNCLEAR,
    Answer,
    Unanswered,
    may_not_read,
    receipt,
    wait_of,
)
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.sms.aws_sms_errors import meaning_of
from reminder.providers.sms.single import (
    AWAY,
    CONNECTIONS,
    DEAD,
    REFUSED,
    Ending,
    SingleSms,
    connections_of,
    e164,
    seconds_left,
    single,
    told,
)
from reminder.providers.sns import TOPICS, Notice, Sns, notice_of, topics_of

TARGET = "PinpointSMSVoiceV2"
SHORTEST_TTL_SECONDS = 5
LONGEST_TTL_SECONDS = 259_200
WIRE_ID = "wire_id"
PAGE = 100

STATUSES: dict[str, Result] = {
    **dict.fromkeys(("TEXT_QUEUED", "TEXT_PENDING"), Result.QUEUED),
    **dict.fromkeys(("TEXT_SENT", "TEXT_SUCCESSFUL"), Result.SENT),
    "TEXT_DELIVERED": Result.DELIVERED,
}
ENDINGS: dict[str, Ending] = {
    "TEXT_INVALID": DEAD,
    "TEXT_UNREACHABLE": AWAY,
    "TEXT_BLOCKED": AWAY,
    **dict.fromkeys(
        (
            "TEXT_CARRIER_BLOCKED",
            "TEXT_CARRIER_UNREACHABLE",
            "TEXT_INVALID_MESSAGE",
            "TEXT_PROTECT_BLOCKED",
            "TEXT_SPAM",
            "TEXT_TTL_EXPIRED",
        ),
        REFUSED,
    ),
}
# Words that Amazon takes by itself ("Required opt-out keywords").
STOP_WORDS = frozenset({"ARRET", "CANCEL", "END", "OPT-OUT", "OPTOUT", "QUIT", "REMOVE", "STOP", "TD", "UNSUBSCRIBE"})


@dataclass(frozen=True, slots=True)
class AwsSmsSettings:
    """The options, read. `extra` is what every message names besides its own."""

    url: str
    extra: Mapping[str, Any]
    topics: tuple[str, ...]
    opt_out_list: str
    takes_stop: bool
    connections: int


class AwsSms(SingleSms):
    """One region of one account."""

    name: ClassVar[str] = "aws-sms"
    options: ClassVar[tuple[Option, ...]] = (
        *ACCESS,
        Option("configuration_set", "Configuration set that publishes text events to an SNS topic; may be empty."),
        TOPICS,
        Option("message_type", "transactional or promotional: what the senders are registered for.", "transactional"),
        Option("max_price", "Most that one message may cost, in US dollars, such as 0.25; empty for no limit."),
        Option("india_entity_id", "Principal entity id, for messages to India."),
        Option("india_template_id", "Template id, for messages to India."),
        Option("opt_out_list", "Opt-out list of our numbers.", "Default"),
        Option("takes_stop", "no where our numbers leave opting out to us (self-managed opt-outs).", "yes"),
        CONNECTIONS,
        Option("url", "Address of the API; by default the region's own."),
    )
    # Replies name our message by Amazon's id alone.
    capabilities = replace(single(), suppressions=True, names_by_own_id=True)

    def __init__(self, http: httpx.AsyncClient, signer: Signer, settings: AwsSmsSettings) -> None:
        super().__init__(http, connections=settings.connections, calls_back=bool(settings.topics))
        self._signer = signer
        self._settings = settings
        self._sns = Sns(http, settings.topics)

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for a region, a topic or an address that is none."""
        signer = Signer("sms-voice", options)
        kind = options.choice("message_type", ("transactional", "promotional"))
        extra: dict[str, Any] = {"MessageType": kind.upper()}
        if options.text("configuration_set"):
            extra["ConfigurationSetName"] = options.text("configuration_set")
        if options.text("max_price"):
            extra["MaxPrice"] = f"{options.number('max_price', 0.00001, 99):.5f}"
        india = {key: options.text(f"india_{key[3:].lower()}") for key in ("IN_ENTITY_ID", "IN_TEMPLATE_ID")}
        if any(india.values()):
            extra["DestinationCountryParameters"] = {key: value for key, value in india.items() if value}
        settings = AwsSmsSettings(
            url=signer.endpoint("sms-voice", options),
            extra=extra,
            topics=topics_of(options),
            opt_out_list=options.text("opt_out_list"),
            takes_stop=options.yes("takes_stop"),
            connections=connections_of(options),
        )
        return cls(http, signer, settings)

    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """One SendTextMessage."""
        asked = {
            "DestinationPhoneNumber": recipient.address,
            "OriginationIdentity": call.content.sender,
            "MessageBody": call.content.text.fill(recipient.values),
            "TimeToLive": seconds_left(call, SHORTEST_TTL_SECONDS, LONGEST_TTL_SECONDS),
            "Context": {WIRE_ID: recipient.wire_id},
            **self._settings.extra,
        }
        answer = await self._ask("SendTextMessage", asked, call.now)
        if answer.status == httpx.codes.OK:
            own_id = said(answer).get("MessageId")
            if not isinstance(own_id, str) or not own_id:
                return receipt(recipient, UNCLEAR, code="no id")
            return receipt(recipient, ACCEPTED, provider_id=own_id)
        reason = said(answer).get("Reason")
        return receipt(
            recipient,
            meaning_of(answer),
            code=" ".join(filter(None, (error_of(answer), reason if isinstance(reason, str) else "")))
            or str(answer.status),
            detail=self._signer.hide(words_of(answer)),
            retry_after=wait_of(answer, call.now),
        )

    async def _ask(self, action: str, asked: Mapping[str, Any], now: datetime) -> Answer:
        headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": f"{TARGET}.{action}"}
        auth = self._signer.at(now)
        return await self.ask("POST", f"{self._settings.url}/", content=orjson.dumps(asked), headers=headers, auth=auth)

    async def verify(self, callback: Callback) -> None:
        """The envelope of SNS."""
        await self._sns.verify(callback)

    def parse(self, callback: Callback) -> list[Told]:
        """A text's state, or what somebody wrote."""
        notice = notice_of(callback)
        if notice is None:
            return []
        event = notice.said if isinstance(notice.said, dict) else {}
        if "inboundMessageId" in event:
            return [self._inbound(event, notice)]
        return _state(event, notice)

    def _inbound(self, event: dict[str, Any], notice: Notice) -> Inbound:
        text = text_at(event, "messageBody")
        # It says which word it took; one that only begins a sentence ("End the torture") is no wish to leave.
        words = {text.strip().upper(), text_at(event, "messageKeyword").upper()}
        took_it = self._settings.takes_stop and not words.isdisjoint(STOP_WORDS)
        return Inbound(
            channel=self.channel,
            at=notice.at,
            sender=e164(text_at(event, "originationNumber")),
            to=e164(text_at(event, "destinationNumber")),
            text=text,
            provider_id=text_at(event, "inboundMessageId"),
            in_reply_to_id=text_at(event, "previousPublishedMessageId"),
            handled=Leaving.STOP if took_it else None,
        )

    async def suppressions(self) -> list[Suppressed]:
        """Everybody on the opt-out list of our numbers, page by page."""
        what, found, asked = "The AWS opt-out list", list[Suppressed](), {"OptOutListName": self._settings.opt_out_list}
        seen: set[str] = set()
        while True:
            page = await self._read(what, "DescribeOptedOutNumbers", asked | {"MaxResults": PAGE})
            for entry in list_at(page, "OptedOutNumbers"):
                if number := text_at(entry, "OptedOutNumber"):
                    # Whom an operator of the list entered did not write STOP.
                    reason = Closed.STOP if entry.get("EndUserOptedOut") is True else Closed.OPTED_OUT
                    since = instant(entry.get("OptedOutTimestamp"), datetime.fromtimestamp(0, UTC))
                    found.append(Suppressed(e164(number), reason, since))
            token = text_at(page, "NextToken")
            if not token:
                return found
            if token in seen:
                raise Trouble(what, "could not be read: its pages repeat", "Try again later.")
            seen.add(token)
            asked = asked | {"NextToken": token}

    async def _read(self, what: str, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._ask(action, asked, SystemClock().now())
        except Unanswered as error:
            raise Trouble(what, f"could not be read: no answer ({error.code})", "Try again later.") from None
        if error_of(answer) == "AccessDeniedException":
            raise may_not_read(what, answer.status)
        if answer.status != httpx.codes.OK or not isinstance(answer.json(), dict):
            reason = f"could not be read: the provider answers {answer.status} {error_of(answer)}".rstrip()
            raise Trouble(what, reason, "Check what the key is allowed to do, or try again later.")
        return said(answer)

    async def check(self) -> None:
        """Ask for the account: the key must be good, and the account may write to everybody."""
        setting = setting_name(self.name, "access_key")
        account = await proved(setting, self._ask("DescribeAccountAttributes", {}, SystemClock().now()))
        tier = {text_at(each, "Name"): text_at(each, "Value") for each in list_at(account, "AccountAttributes")}
        if tier.get("ACCOUNT_TIER", "").upper() == "SANDBOX":
            reason = "the account is in the sandbox: only verified numbers get messages"
            raise Trouble("AWS End User Messaging", reason, "Ask for production use.")


def _state(event: dict[str, Any], notice: Notice) -> list[Told]:
    kind = text_at(event, "eventType")
    context = event.get("context")
    milliseconds: Any = event.get("eventTimestamp")
    is_number = isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool)
    at = instant(milliseconds / 1000, notice.at) if is_number else notice.at
    noted = "noted" if kind == "TEXT_UNKNOWN" else "unknown"
    found = ProviderEvent(
        kind="status" if kind in STATUSES else noted,
        result=STATUSES.get(kind, Result.UNKNOWN),
        at=at,
        wire_id=text_at(context, WIRE_ID),
        provider_id=text_at(event, "messageId"),
        address=e164(text_at(event, "destinationPhoneNumber")),
        code=code_of(kind),
        same=notice.message_id,
    )
    return told(ENDINGS[kind], found) if kind in ENDINGS else [found]
