"""Kannel in each of its moods."""

from urllib.parse import parse_qs, urlsplit

from tests.fakes.http import Reply, Request
from tests.providers.samples import SECRET, Situation
from tests.providers.samples.single_sms import situations

HOOK = "https://reminder.example.org/hooks/kannel"
LEAST = {"user": "appeals", "password": SECRET}
TAKEN = Reply(202, b"0: Accepted for delivery")


def options(url: str) -> dict[str, str]:
    return {**LEAST, "url": f"{url}/cgi-bin/sendsms", "hook_url": HOOK, "hook_secret": f"{SECRET}-2"}


def wire_id_of(request: Request) -> str:
    return parse_qs(urlsplit(request.headers.get("x-kannel-dlr-url", "")).query).get("m", [""])[0]


SITUATIONS = situations(
    "kannel",
    options,
    wire_id_of,
    {
        Situation.GOOD: TAKEN,
        Situation.NOBODY_THERE: Reply(400, b"Empty receiver number not allowed, rejected"),
        Situation.DISLIKED: Reply(400, b"Charset or body misformed, rejected"),
        Situation.BUSY: lambda request: Reply(
            503, f"Temporal failure for {request.headers['x-kannel-to']}, try again later.".encode()
        ),
        # A careless server that repeats what it was given.
        Situation.LOCKED_OUT: lambda request: Reply(
            403, f"Authorization failed for sendsms: {request.headers['x-kannel-password']}".encode()
        ),
        Situation.NO_ANSWER: Reply(drops=True),
    },
)
