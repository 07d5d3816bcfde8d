"""SMS through a Kannel gateway of one's own.

Messages go to its sendsms address by POST, settings in X-Kannel headers and the text as body: so neither the password nor
a number stands in an address, where logs would keep it. Kannel answers once its core has taken a message and gives no id;
our wire id travels in the address that it calls for delivery reports. It knows no idempotency key and cannot be asked:
what got no answer stays unclear until a report comes. Nothing is signed: whoever knows `hook_secret`, which is part of
every address that Kannel calls, is taken for Kannel. Keep the way between the two on one machine or under TLS.

For what people write, Kannel's sms-service group needs (one line each, the secret as in `hook_secret`):

    keyword = default
    catch-all = true
    max-messages = 0
    get-url = "https://PUBLIC/hooks/kannel?key=SECRET&from=%p&to=%P&text=%b&charset=%C&id=%I&at=%T"

max-messages = 0 matters: Kannel would send our empty answer to the person as a text.

Sources: Kannel's user guide (sendsms by POST, delivery reports, escape codes of get-url), the answers in gw/smsbox.c.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import ClassVar, Self
from urllib.parse import parse_qsl, quote

import httpx

from reminder.domain.gsm import is_gsm
from reminder.domain.message import Receipt, Recipient
from reminder.domain.states import Channel, Result
from reminder.errors import Trouble
from reminder.providers.contract import Call, Callback, Capabilities, Inbound, ProviderEvent, Told
from reminder.providers.http import (
    ACCEPTED,
    BAD_ADDRESS,
    BAD_CONTENT,
    LATER,
    OUR_ACCOUNT,
    UNCLEAR,
    Answer,
    Meaning,
    SecretHeader,
    Unanswered,
    meaning_of_status,
    receipt,
    wait_of,
)
from reminder.providers.options import Option, Options
from reminder.providers.signatures import require_secret, secrets_of
from reminder.providers.sms.single import (
    AWAY,
    CONNECTIONS,
    REFUSED,
    Ending,
    SingleSms,
    connections_of,
    e164,
    form_of,
    hook_url,
    query_of,
    seconds_left,
    single,
    told,
    with_query,
)

SECONDS_A_MINUTE = 60
# The longest validity that an SMS can carry: 63 weeks (3GPP TS 23.040, 9.2.3.12.1).
LONGEST_VALIDITY_SECONDS = 63 * 7 * 86_400
GSM_CODING, UCS2_CODING = b"0", b"2"
# Every kind of report: delivered, not delivered, buffered, handed to the operator, refused by it.
EVERY_REPORT = b"31"
REPORTS: dict[str, Result | Ending] = {
    "1": Result.DELIVERED,
    "2": AWAY,
    "4": Result.DEFERRED,
    "8": Result.SENT,
    "16": REFUSED,
}
INTERMEDIATE = "32"

# What Kannel's answers begin with, by status (gw/smsbox.c). 202 with another text is some other server's.
ANSWERS: dict[int, tuple[tuple[str, Meaning], ...]] = {
    202: (("0: ", ACCEPTED), ("3: ", ACCEPTED), ("Sent.", ACCEPTED)),
    # The core has no route for this number: neither the number nor the login is at fault.
    403: (("Not routable", BAD_CONTENT), ("Authorization failed", OUR_ACCOUNT)),
    400: (
        ("Empty receiver", BAD_ADDRESS),
        ("Missing receiver", BAD_ADDRESS),
        ("Number(s) has/have been denied", BAD_CONTENT),
        ("Charset or body", BAD_CONTENT),
        ("Validity field", BAD_CONTENT),
        ("Sender missing", OUR_ACCOUNT),
        ("Account field", OUR_ACCOUNT),
        ("DLR-URL field", OUR_ACCOUNT),
        ("DLR-Mask field", OUR_ACCOUNT),
        ("Coding field", OUR_ACCOUNT),
        ("Invalid content-type", OUR_ACCOUNT),
    ),
    # Said before anything was handed to the core.
    500: (("Sending failed.", LATER),),
}
# Charsets of %C; what Kannel names otherwise is read as UTF-8.
CHARSETS = {"utf-16be": "utf-16-be", "ucs-2": "utf-16-be", "iso-8859-1": "latin-1", "windows-1252": "cp1252"}
# Digits of seconds since 1970.
LONGEST_INSTANT = 10
NOT_IN_A_HEADER = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class KannelSettings:
    """The options, read. `report_url` is what Kannel calls, our wire id still missing; empty: it calls nothing.

    `secrets` are those that a callback may name; the first is the one that we hand to Kannel.
    """

    url: str
    headers: dict[str, bytes]
    connections: int
    login: SecretHeader = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)
    report_url: str = field(repr=False)


class Kannel(SingleSms):
    """One gateway."""

    name: ClassVar[str] = "kannel"
    channel: ClassVar[Channel] = Channel.SMS
    options: ClassVar[tuple[Option, ...]] = (
        Option("user", "Name of the sendsms-user in Kannel's configuration.", required=True),
        Option("password", "Password of that user.", required=True, secret=True),
        Option("url", "Address of Kannel's sendsms.", "http://127.0.0.1:13013/cgi-bin/sendsms"),
        Option("smsc", "Name of the SMSC that the messages go out by; by default Kannel chooses."),
        hook_url("kannel"),
        Option(
            "hook_secret",
            "Secret that is part of every address that Kannel calls; several with commas while it is changed.",
            secret=True,
        ),
        CONNECTIONS,
    )
    capabilities: Capabilities = single()

    def __init__(self, settings: KannelSettings, http: httpx.AsyncClient) -> None:
        super().__init__(http, connections=settings.connections, calls_back=bool(settings.report_url))
        self._settings = settings

    @classmethod
    def from_options(cls, options: Options, http: httpx.AsyncClient) -> Self:
        """A gateway with these settings; opens nothing."""
        for name in ("user", "password", "smsc"):
            if NOT_IN_A_HEADER.search(options.text(name)):
                raise options.bad(name, "holds a sign that no header can")
        headers = {"X-Kannel-Username": options.text("user").encode(), "Content-Type": b"text/plain; charset=UTF-8"}
        if options.text("smsc"):
            headers["X-Kannel-SMSC"] = options.text("smsc").encode()
        password, secrets, hook = options.text("password"), secrets_of(options, "hook_secret"), options.url("hook_url")
        settings = KannelSettings(
            url=options.url("url"),
            headers=headers,
            connections=connections_of(options),
            login=SecretHeader("X-Kannel-Password", password, password, *(secret.decode() for secret in secrets)),
            secrets=secrets,
            report_url=with_query(hook, {"key": secrets[0].decode()}) if hook and secrets else "",
        )
        return cls(settings, http)

    async def send_one(self, call: Call, recipient: Recipient) -> Receipt:
        """One message, as a text with Kannel's headers."""
        text = call.content.text.fill(recipient.values)
        minutes = seconds_left(call, SECONDS_A_MINUTE, LONGEST_VALIDITY_SECONDS) // SECONDS_A_MINUTE
        headers = self._settings.headers | {
            "X-Kannel-To": recipient.address.encode(),
            "X-Kannel-From": call.content.sender.encode(),
            "X-Kannel-Coding": GSM_CODING if is_gsm(text) else UCS2_CODING,
            "X-Kannel-Validity": b"%d" % minutes,
        }
        if self._settings.report_url:
            # Kannel reads "%" as the beginning of one of its own escapes.
            url = f"{self._settings.report_url}&m={quote(recipient.wire_id)}".replace("%", "%%")
            headers |= {"X-Kannel-DLR-Mask": EVERY_REPORT, "X-Kannel-DLR-URL": f"{url}&s=%d".encode()}
        answer = await self._post(headers, text)
        meaning = meaning_of(answer)
        if meaning is ACCEPTED:
            return receipt(recipient, ACCEPTED)
        words, wait = self._settings.login.hide(answer.text().strip()), wait_of(answer, call.now)
        return receipt(recipient, meaning, code=str(answer.status), detail=words, retry_after=wait)

    async def _post(self, headers: dict[str, bytes], text: str) -> Answer:
        return await self.ask(
            "POST", self._settings.url, headers=headers, content=text.encode(), auth=self._settings.login
        )

    async def verify(self, callback: Callback) -> None:
        """The secret in the address."""
        require_secret(self._settings.secrets, form_of(query_of(callback)).get("key", ""))

    def parse(self, callback: Callback) -> list[Told]:
        """A delivery report, or what somebody wrote."""
        said = _fields(callback)
        if "from" in said and "text" in said:
            return [_inbound(said, callback)]
        wire_id, kind = said.get("m", ""), said.get("s", "")
        event = ProviderEvent(
            kind="unknown",
            result=Result.UNKNOWN,
            # A report carries no instant of its own.
            at=callback.received_at,
            wire_id=wire_id,
            code=kind,
            same=f"{wire_id} {kind}",
        )
        meaning = REPORTS.get(kind)
        if isinstance(meaning, Ending):
            return told(meaning, event)
        if meaning is not None:
            return [replace(event, kind="status", result=meaning)]
        return [replace(event, kind="noted")] if kind == INTERMEDIATE else [event]

    async def check(self) -> None:
        """Ask for a message to nobody: Kannel looks at the login first, then misses the receiver."""
        thing, remedy = "KANNEL_PASSWORD", "Check user and password against the sendsms-user group of Kannel."
        try:
            answer = await self._post(self._settings.headers, "")
        except Unanswered as error:
            reason = f"could not be tried: no answer ({error.code})"
            raise Trouble(thing, reason, "Check that Kannel runs, and the URL.") from None
        if answer.status == httpx.codes.FORBIDDEN:
            raise Trouble(thing, "is refused by Kannel", remedy)
        if answer.status != httpx.codes.BAD_REQUEST or not answer.text().startswith("Missing receiver"):
            raise Trouble(thing, f"could not be tried: the server answers {answer.status}", "Check the URL.")


def meaning_of(answer: Answer) -> Meaning:
    """What an answer of sendsms means."""
    words = answer.text().strip()
    for beginning, meaning in ANSWERS.get(answer.status, ()):
        if words.startswith(beginning):
            return meaning
    return UNCLEAR if 200 <= answer.status < 300 else meaning_of_status(answer.status)


def _fields(callback: Callback) -> dict[str, str]:
    """The query, every character of it one byte: what they mean depends on the charset that it names."""
    return dict(parse_qsl(query_of(callback), keep_blank_values=True, encoding="latin-1"))


def _inbound(said: dict[str, str], callback: Callback) -> Inbound:
    raw, charset = said["text"].encode("latin-1", "replace"), said.get("charset", "").lower()
    at = said.get("at", "")
    known = at.isascii() and at.isdigit() and len(at) <= LONGEST_INSTANT
    return Inbound(
        channel=Channel.SMS,
        at=datetime.fromtimestamp(int(at), UTC) if known else callback.received_at,
        sender=e164(said["from"]),
        to=e164(said.get("to", "")),
        text=raw.decode(CHARSETS.get(charset, "utf-8"), "replace"),
        provider_id=said.get("id", ""),
    )
