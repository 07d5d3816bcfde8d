"""What goes out to Amazon SES: one template with everybody's values, or one finished mail.

Every message has one reader, its own headers, and our wire id as a tag.
"""

import re
from collections.abc import Sequence
from email.utils import formataddr
from typing import Any

import orjson

from reminder.domain.message import Content, Recipient
from reminder.providers.email.ses_callbacks import tag_of
from reminder.providers.merge import Merge, filled

LONGEST_BODY_BYTES = 1_000_000
# Written by SES itself.
_NOT_OURS = frozenset({"message-id", "date"})
# A placeholder with one more brace beside it, or a backslash before it, means something else than the placeholder.
_MISREAD = re.compile(r"\{\{\{|\{\{\w+\}\}\}|\\\{\{")


def _frame(content: Content, configuration_set: str) -> dict[str, Any]:
    sender = formataddr((content.sender_name, content.sender)) if content.sender_name else content.sender
    frame: dict[str, Any] = {"FromEmailAddress": sender, "ConfigurationSetName": configuration_set}
    if content.reply_to:
        frame["ReplyToAddresses"] = [content.reply_to]
    return frame


def _headers(content: Content, people: Sequence[Recipient]) -> list[list[dict[str, str]]]:
    """Everybody's headers; SES writes some by itself."""
    ours = [(name, filled(text, people)) for name, text in content.headers if name.lower() not in _NOT_OURS]
    return [[{"Name": name, "Value": column[index]} for name, column in ours] for index in range(len(people))]


def _address(address: str) -> str:
    """An address as SES takes it: a domain in another script as Punycode."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address


def bulk_body(content: Content, people: Sequence[Recipient], configuration_set: str) -> bytes | None:
    """The JSON of one SendBulkEmail, the same for the same call; None where SES could misread it or it is too long."""
    merge = Merge(content, lambda name: f"{{{{{name}}}}}", "{")
    template = {"Subject": merge.words(content.subject), "Text": merge.text(content.text)}
    if content.html is not None:
        template["Html"] = merge.text(content.html)
    if any(_MISREAD.search(text) for text in template.values()):
        return None
    # Whether a person's values are added to the shared ones or stand for them is not said: each has all of them.
    shared = merge.shared if any("{{syntax}}" in text for text in template.values()) else {}
    entries = [
        {
            "Destination": {"ToAddresses": [_address(person.address)]},
            "ReplacementTags": [tag_of(person.wire_id)],
            "ReplacementEmailContent": {
                "ReplacementTemplate": {"ReplacementTemplateData": orjson.dumps(values | shared).decode()}
            },
            "ReplacementHeaders": headers,
        }
        for person, values, headers in zip(people, merge.rows(people), _headers(content, people), strict=True)
    ]
    inline = {"TemplateContent": template, "TemplateData": orjson.dumps(shared).decode()}
    body = orjson.dumps(
        {**_frame(content, configuration_set), "DefaultContent": {"Template": inline}, "BulkEmailEntries": entries}
    )
    return body if len(body) <= LONGEST_BODY_BYTES else None


def single_body(content: Content, person: Recipient, configuration_set: str) -> bytes:
    """The JSON of one SendEmail, with the finished text."""

    def part(text: str) -> dict[str, str]:
        return {"Data": text, "Charset": "UTF-8"}

    parts = {"Text": part(content.text.fill(person.values))}
    if content.html is not None:
        parts["Html"] = part(content.html.fill(person.values))
    [headers] = _headers(content, [person])
    return orjson.dumps(
        {
            **_frame(content, configuration_set),
            "Destination": {"ToAddresses": [_address(person.address)]},
            "Content": {"Simple": {"Subject": part(content.subject), "Body": parts, "Headers": headers}},
            "EmailTags": [tag_of(person.wire_id)],
        }
    )
