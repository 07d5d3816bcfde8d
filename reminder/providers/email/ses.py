"""Amazon SES, API version 2.

One SendBulkEmail takes 50 messages: an inline template, and for each person the values, all our headers, and our wire id
as a tag, which published events bring back (so a configuration set is needed; notifications of an identity bring no tags
and are known by SES's own id). SES fills in "{{name}}" and escapes nothing. One bad address refuses the whole call, so
then everybody goes by a SendEmail of their own; so do texts that a template could misread, and single messages. SES does
not queue what is above a quota: it refuses.

It has no idempotency key, and cannot be asked for a message that it did not name: what got no answer stays unclear until
an event comes. It writes a Message-ID of its own, which is the only thing that a reply names. Click tracking must be off
in the configuration set: it would rewrite the links that let people leave.

Sources: botocore's service model of sesv2 (shapes, errors, results of a bulk call), the SES guide's pages "Using templates
to send personalized email" (50 destinations, 1 MB, simple substitutions, no escaping), "Header fields" and "Quotas".
"""

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import ClassVar, Self
from urllib.parse import quote

import httpx

from reminder.clock import SystemClock
from reminder.domain.consent import Closed
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Verdict
from reminder.errors import Trouble
from reminder.providers.aws import ACCESS, Signer, error_of, proved, said, words_of
from reminder.providers.contract import Call, Callback, Capabilities, Suppressed, Told
from reminder.providers.email.reading import instant, list_at, text_at
from reminder.providers.email.ses_bodies import bulk_body, single_body
from reminder.providers.email.ses_callbacks import told
from reminder.providers.email.ses_errors import ENTRIES, by_words, meaning_of
from reminder.providers.http import (
    ACCEPTED,
    ANSWER_WITHIN_SECONDS,
    LATER,
    UNCLEAR,
    Answer,
    HttpProvider,
    Unanswered,
    not_ours,
    one_by_one,
    receipt,
    receipts,
    unanswered,
    wait_of,
)
from reminder.providers.options import Option, Options, setting_name
from reminder.providers.sns import TOPICS, Sns, topics_of

BATCH = 50
SIDE_BY_SIDE = 10
PAGE = 1_000
BULK = "/v2/email/outbound-bulk-emails"
SINGLE = "/v2/email/outbound-emails"


@dataclass(frozen=True, slots=True)
class SesSettings:
    """The options, read."""

    url: str
    configuration_set: str
    topics: tuple[str, ...]
    batch: int


class Ses(HttpProvider):
    """Email by one region of one account, fifty a call."""

    name: ClassVar[str] = "ses"
    channel: ClassVar[Channel] = Channel.EMAIL
    # Replies name SES's own Message-ID alone.
    capabilities: Capabilities = Capabilities(
        batch_size=BATCH,
        connections=2,
        webhooks=True,
        inbound=True,
        suppressions=True,
        names_by_own_id=True,
        conditions="Amazon looks into accounts with 5 % bounces or 0.1 % complaints, and stops them at 10 % or 0.5 %.",
        # https://docs.aws.amazon.com/ses/latest/dg/reputation-dashboard-messages.html
        complaints_wall=0.1,
        bounces_wall=5.0,
    )
    options: ClassVar[tuple[Option, ...]] = (
        *ACCESS,
        Option(
            "configuration_set",
            "Configuration set that publishes events to an SNS topic, with click tracking off.",
            required=True,
        ),
        TOPICS,
        Option("batch", "Messages of one call, 1 to 50; no more than the account may send in a second.", str(BATCH)),
        Option("url", "Address of the API; by default the region's own."),
    )

    def __init__(self, http: httpx.AsyncClient, signer: Signer, settings: SesSettings) -> None:
        super().__init__(http)
        self._signer = signer
        self._settings = settings
        self._sns = Sns(http, settings.topics)
        self.capabilities = replace(
            type(self).capabilities,
            batch_size=settings.batch,
            webhooks=self._sns.configured,
            inbound=self._sns.configured,
        )

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """Raises `BadSetting` for a region, a topic or an address that is none."""
        signer = Signer("ses", options)
        settings = SesSettings(
            url=signer.endpoint("email", options),
            configuration_set=options.text("configuration_set"),
            topics=topics_of(options),
            batch=int(options.number("batch", 1, BATCH)),
        )
        return cls(http, signer, settings)

    async def send(self, call: Call) -> list[Receipt]:
        """One bulk call, or single ones where that would not be right or was refused as a whole."""
        until = asyncio.get_running_loop().time() + ANSWER_WITHIN_SECONDS
        body = bulk_body(call.content, call.recipients, self._settings.configuration_set)
        if body is None or len(call.recipients) == 1:
            return await self._each(call, until)
        if not call.still_ours():
            return not_ours(call)
        try:
            answer = await self._post(BULK, body, call.now)
        except Unanswered as error:
            return unanswered(call.recipients, error)
        if answer.status == httpx.codes.OK:
            return self._entries(call, answer)
        meaning = meaning_of(answer)
        if meaning.verdict is Verdict.REJECTED:
            # It speaks of one of them, or of what they share: only their own answers tell.
            return await self._each(call, until)
        words = self._signer.hide(words_of(answer))
        code = error_of(answer) or str(answer.status)
        return receipts(call.recipients, meaning, code=code, detail=words, retry_after=wait_of(answer, call.now))

    def _entries(self, call: Call, answer: Answer) -> list[Receipt]:
        """A result for each entry, in their order. Where one is missing nobody can say whose."""
        results = said(answer).get("BulkEmailEntryResults")
        if not isinstance(results, list) or len(results) != len(call.recipients):
            return receipts(call.recipients, UNCLEAR, code="no results")
        return [self._entry(person, entry) for person, entry in zip(call.recipients, results, strict=True)]

    def _entry(self, person: Recipient, entry: object) -> Receipt:
        status, words = text_at(entry, "Status"), text_at(entry, "Error")
        meaning = by_words(ENTRIES.get(status, UNCLEAR), words)
        code = "" if meaning is ACCEPTED else status or "no status"
        own_id = text_at(entry, "MessageId")
        return receipt(person, meaning, code=code, detail=self._signer.hide(words), provider_id=own_id)

    async def _each(self, call: Call, until: float) -> list[Receipt]:
        """Everybody by a call of their own, all within what is left of this call's time."""

        async def send_one(person: Recipient) -> Receipt:
            if asyncio.get_running_loop().time() >= until:
                return receipt(person, LATER, code="not begun", retry_after=0)
            body = single_body(call.content, person, self._settings.configuration_set)
            try:
                async with asyncio.timeout_at(until):
                    answer = await self._post(SINGLE, body, call.now)
            except TimeoutError:
                raise Unanswered("TimeoutError", left=True) from None
            return self._one(person, answer, call.now)

        return await one_by_one(call, SIDE_BY_SIDE, send_one)

    def _one(self, person: Recipient, answer: Answer, now: datetime) -> Receipt:
        if answer.status == httpx.codes.OK:
            own_id = text_at(said(answer), "MessageId")
            return receipt(person, ACCEPTED if own_id else UNCLEAR, code="" if own_id else "no id", provider_id=own_id)
        return receipt(
            person,
            meaning_of(answer),
            code=error_of(answer) or str(answer.status),
            detail=self._signer.hide(words_of(answer)),
            retry_after=wait_of(answer, now),
        )

    async def _post(self, path: str, body: bytes, now: datetime) -> Answer:
        headers = {"Content-Type": "application/json"}
        return await self.ask(
            "POST", self._settings.url + path, content=body, headers=headers, auth=self._signer.at(now)
        )

    async def verify(self, callback: Callback) -> None:
        """The envelope of SNS."""
        await self._sns.verify(callback)

    def parse(self, callback: Callback) -> list[Told]:
        """What became of a message, or a mail that a receipt rule hands on."""
        return told(callback)

    async def suppressions(self) -> list[Suppressed]:
        """The account's suppression list, page by page."""
        what, found, token = "The SES suppression list", list[Suppressed](), ""
        seen: set[str] = set()
        while True:
            # Encoded as it is signed: httpx leaves a query as it is given.
            query = f"PageSize={PAGE}" + (f"&NextToken={quote(token, safe='-_.~')}" if token else "")
            url = f"{self._settings.url}/v2/email/suppression/addresses?{query}"
            page = await self.fetch(what, url, auth=self._signer.at(SystemClock().now()))
            if not isinstance(page, dict):
                raise Trouble(what, "could not be read: the answer is no list", "Try again later.")
            for entry in list_at(page, "SuppressedDestinationSummaries"):
                if address := text_at(entry, "EmailAddress"):
                    reason = Closed.COMPLAINED if text_at(entry, "Reason") == "COMPLAINT" else Closed.BOUNCED
                    since = instant(entry.get("LastUpdateTime"), datetime.fromtimestamp(0, UTC))
                    found.append(Suppressed(address, reason, since))
            token = text_at(page, "NextToken")
            if not token:
                return found
            if token in seen:
                raise Trouble(what, "could not be read: its pages repeat", "Try again later.")
            seen.add(token)

    async def check(self) -> None:
        """Ask for the account: the key must be good, and the account may send, to everybody and today."""
        setting = setting_name(self.name, "access_key")
        url = f"{self._settings.url}/v2/email/account"
        account = await proved(setting, self.ask("GET", url, auth=self._signer.at(SystemClock().now())))
        if account.get("SendingEnabled") is not True:
            status = text_at(account, "EnforcementStatus")
            raise Trouble("Amazon SES", f"sending is paused ({status or 'no reason given'})", "Ask Amazon why.")
        if account.get("ProductionAccessEnabled") is not True:
            raise Trouble(
                "Amazon SES",
                "the account is in the sandbox: only verified addresses get mail",
                "Ask for production use.",
            )
        quota = account.get("SendQuota")
        most, sent = (
            quota.get(key) if isinstance(quota, dict) else None for key in ("Max24HourSend", "SentLast24Hours")
        )
        if isinstance(most, int | float) and isinstance(sent, int | float) and 0 <= most <= sent:
            raise Trouble("Amazon SES", f"the quota of {most:.0f} a day is used up", "Wait, or ask for a higher one.")
