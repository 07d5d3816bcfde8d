"""What the tests of providers over HTTP share: the provider before a server, and callbacks from it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import httpx

from reminder.domain.message import Content, Gap, Receipt, Recipient, Spliced
from reminder.domain.states import Channel, Fault, Verdict
from reminder.providers.contract import Callback, Provider
from reminder.providers.registry import build
from tests.fakes.http import FakeHttp, Reply, Request
from tests.providers.judges import judge_of
from tests.providers.people import EMAILS, NOW, SENDER

# For a server that never answers; any other has the time that a loaded machine takes.
SHORT = httpx.Timeout(20, read=0.3)
PATIENT = httpx.Timeout(20)
# The form that real wire ids have.
WIRE = "1f4a.9c0e6f2b7d81a355"


@asynccontextmanager
async def provider_before(
    name: str, options: dict[str, str], answer: Callable[[Request], Reply] | Reply | None = None
) -> AsyncIterator[tuple[Provider, FakeHttp]]:
    """The provider, and the server that it asks."""
    timeout = SHORT if isinstance(answer, Reply) and answer.hangs else PATIENT
    async with FakeHttp(answer, judge_of(name)) as server, httpx.AsyncClient(timeout=timeout) as http:
        provider = build(name, {**options, "url": server.url}, http)
        yield provider, server
        await provider.close()


def summed(receipts: list[Receipt]) -> set[tuple[Verdict, Fault]]:
    return {(receipt.verdict, receipt.fault) for receipt in receipts}


def callback(body: bytes, content_type: str = "application/json", *, at: datetime = NOW, **headers: str) -> Callback:
    """A POST to our hook; header names with "_" for "-"."""
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return Callback("POST", "https://example.org/hooks/it", {"content-type": content_type} | named, body, at)


def loud(value: str) -> str:
    """An encoder that is seen: what lands in a page is not what lands in a text."""
    return f"({value})"


def full_content() -> Content:
    """A nudge with a page, a name, a link in each part, and headers of its own for each person."""
    return Content(
        channel=Channel.EMAIL,
        locale="en",
        fields=("to", "message_id", "leave_url"),
        subject="Reminder: 7 days left to write",
        text=Spliced(("Write. -r0 {{x}} %recipient.x% 100 %\nLeave: ", "\n"), (Gap(2),)),
        html=Spliced(('<p>Write.</p><a href="', '">leave</a>, ', "</p>"), (Gap(2), Gap(2, loud))),
        headers=(
            ("Message-ID", Spliced(("<", "@example.org>"), (Gap(1),))),
            ("List-Unsubscribe", Spliced(("<", ">, <mailto:leave@example.org?subject=leave>"), (Gap(2),))),
            ("List-Unsubscribe-Post", Spliced(("List-Unsubscribe=One-Click",), ())),
            ("List-Id", Spliced(("<reminders.example.org>",), ())),
            ("Auto-Submitted", Spliced(("auto-generated",), ())),
        ),
        mime=None,
        sender=SENDER,
        sender_name="Letters, e.V.",
        reply_to="office@example.org",
    )


def headers_of(person: Recipient) -> dict[str, str]:
    """The headers of `full_content` as this person must get them."""
    return {
        "Message-ID": f"<{person.wire_id}@example.org>",
        "List-Unsubscribe": f"<{person.values[2]}>, <mailto:leave@example.org?subject=leave>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": "<reminders.example.org>",
        "Auto-Submitted": "auto-generated",
    }


def text_of(person: Recipient) -> str:
    return f"Write. -r0 {{{{x}}}} %recipient.x% 100 %\nLeave: {person.values[2]}\n"


def html_of(person: Recipient) -> str:
    link = person.values[2]
    return f'<p>Write.</p><a href="{link}">leave</a>, ({link})</p>'


def form(fields: dict[str, str], boundary: str = "xYzZY") -> tuple[bytes, str]:
    """A multipart form with an attached file at its end, and its content type."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="attachment1"; filename="a.txt"\r\n'
        "Content-Type: text/plain\r\n\r\nattached\r\n"
    )
    return "".join([*parts, f"--{boundary}--\r\n"]).encode(), f"multipart/form-data; boundary={boundary}"


def named_nobody(receipts: list[Receipt]) -> bool:
    words = " ".join(f"{receipt.detail} {receipt.code}" for receipt in receipts)
    return not any(address in words or address.split("@")[0] in words for address in EMAILS.values())
