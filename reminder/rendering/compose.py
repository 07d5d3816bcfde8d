"""One message on its way from templates to a content: the frame that every template sees, the parts, the headers."""

import html
import re
from typing import Any

from reminder.domain.addresses import is_address
from reminder.domain.links import SHORT_CHARACTERS, TOKEN_CHARACTERS
from reminder.domain.message import Content, Spliced
from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.rendering.clean import clean_line
from reminder.rendering.languages import Words
from reminder.rendering.mime import build_mime, header_mailbox, header_text, join, literal
from reminder.rendering.segments import Segments
from reminder.rendering.sms import choose
from reminder.rendering.splice import (
    GREETING,
    VALUE,
    Encoder,
    Fields,
    Greeting,
    Piece,
    address_value,
    date_value,
    html_value,
    id_value,
    pieces_of,
    spliced,
    url_value,
)
from reminder.rendering.templates import Templates
from reminder.rendering.views import Office, Sender

_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
_EMPTY_LINES = re.compile(r"\n\s*\n")
# Stands for the reader's name while a catalogue's greeting is taken apart; private use, so no text can hold it.
_NAME = "\ue002"


class Sheet:
    """One content being made. `context` is what the templates see beyond the frame; `leaves`: it offers to leave."""

    def __init__(self, templates: Templates, office: Office, words: Words, sender: Sender, *, leaves: bool) -> None:
        self.words = words
        self._templates = templates
        self._office = office
        self._sender = sender
        self._leaves = leaves
        self._fields = Fields()
        self.context: dict[str, Any] = {
            "t": words.t,
            "tn": words.tn,
            "day": words.day,
            "day_and_year": words.day_and_year,
            "short_day": words.short_day,
            "language": words.language,
            "field": self._field,
            "lang": words.tag,
            "rtl": words.rtl,
            "start": "right" if words.rtl else "left",
            "end": "left" if words.rtl else "right",
            "office": office,
            "sender": sender,
            "leaves": leaves,
            "test": False,
            "name_mark": _NAME,
        }

    def line(self, template: str, **more: object) -> str:
        """A template of one line."""
        return clean_line(self._templates.render(template, self.context | more))

    def sms(self, kind: str) -> tuple[Content, Segments]:
        """The SMS of a kind, and what it takes."""
        rendered = self._templates.render(f"sms/{kind}.txt", self.context)
        links = [self._link_characters(field) for field in self._fields.names]
        text, segments = choose([line for line in rendered.splitlines() if line.strip()], links)
        content = Content(
            channel=Channel.SMS,
            locale=self.words.tag,
            fields=self._fields.names,
            subject="",
            text=text,
            html=None,
            headers=(),
            mime=None,
            sender=self._sender.address,
            segments=segments.count,
        )
        return content, segments

    def _link_characters(self, field: str) -> int:
        """How long the link is that a field of an SMS is filled with."""
        name = field.partition(":")[0]
        if name == "short_url":
            return len(f"{self._office.public_url}/s/") + SHORT_CHARACTERS
        return len(f"{self._office.public_url}/{name.removesuffix('_url')}/") + TOKEN_CHARACTERS

    def mail(self, kind: str, *, greets: bool = True, auto: str = "auto-generated") -> Content:
        """The mail of a kind: subject, plain text, HTML, headers and the whole message. `auto` is Auto-Submitted."""
        self._check_addresses()
        for name in ("to", "message_id", "date"):
            self._fields.mark(name)
        greeting = self._greeting() if greets else Greeting("", "", "", clean_line)
        before, after, without = map(html.escape, (greeting.before, greeting.after, greeting.without))
        rich = Greeting(before, after, without, html_value)
        self.context["greeting"] = self._fields.text("name", GREETING) if greets else ""
        subject = self.context["subject"] = self.line(f"email/{kind}.subject.txt")
        text = pieces_of(_tidy_text(self._templates.render(f"email/{kind}.txt", self.context)))
        page = pieces_of(_EMPTY_LINES.sub("\n", self._templates.render(f"email/{kind}.html", self.context)).strip())
        passed_on = self._passed_on(auto)
        return Content(
            channel=Channel.EMAIL,
            locale=self.words.tag,
            fields=self._fields.names,
            subject=subject,
            text=spliced(text, {VALUE: url_value, GREETING: greeting}),
            html=spliced(page, {VALUE: url_value, GREETING: rich}),
            headers=passed_on,
            mime=build_mime([*self._own_headers(subject), *passed_on, self._language()], text, page, greeting, rich),
            sender=self._sender.address,
            sender_name=clean_line(self._sender.name),
            reply_to=self._sender.reply_to,
        )

    def _field(self, name: str, campaign_id: int | None = None) -> str:
        return self._fields.text(name if campaign_id is None else f"{name}:{campaign_id}")

    def _greeting(self) -> Greeting:
        with_name, without = self._templates.render("email/greeting.txt", self.context).strip().splitlines()
        before, _, after = with_name.partition(_NAME)
        return Greeting(before, after, without, clean_line)

    def _check_addresses(self) -> None:
        sender = self._sender
        for address in filter(None, (sender.address or "?", sender.reply_to, sender.leave_address)):
            if not is_address(address):
                raise Trouble("The sender of an email", "has an address that is none", "Check the sender's addresses.")

    @property
    def _domain(self) -> str:
        return self._sender.address.rpartition("@")[2]

    def _header(self, field: str, encode: Encoder, before: str = "", after: str = "") -> Spliced:
        pieces: list[Piece] = [before, self._fields.mark(field), after]
        return spliced(pieces, {VALUE: encode})

    def _own_headers(self, subject: str) -> list[tuple[str, Spliced]]:
        sender = self._sender
        headers = [
            ("Date", self._header("date", date_value)),
            ("From", literal(header_mailbox("From", sender.name, sender.address))),
            ("To", self._header("to", address_value)),
            ("Subject", literal(header_text("Subject", subject))),
        ]
        if sender.reply_to:
            headers.append(("Reply-To", literal(sender.reply_to)))
        return headers

    def _passed_on(self, auto: str) -> tuple[tuple[str, Spliced], ...]:
        """The headers that a batch API must pass on as well; each on one line."""
        headers = [("Message-ID", self._header("message_id", id_value, "<", f"@{self._domain}>"))]
        if self._leaves:
            by_mail = f", <mailto:{self._sender.leave_address}?subject=leave>" if self._sender.leave_address else ""
            headers += [
                ("List-Unsubscribe", join(self._header("leave_url", url_value, "<", ">"), literal(by_mail))),
                ("List-Unsubscribe-Post", literal("List-Unsubscribe=One-Click")),
                ("List-Id", literal(f"<reminders.{self._domain}>")),
            ]
        return (*headers, ("Auto-Submitted", literal(auto)))

    def _language(self) -> tuple[str, Spliced]:
        return "Content-Language", literal(self.words.tag)


def _tidy_text(rendered: str) -> str:
    return _BLANK_LINES.sub("\n\n", _TRAILING.sub("", rendered)).strip() + "\n"
