"""Vonage's SMS API in each of its moods."""

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.samples import SECRET, Situation
from tests.providers.samples.single_sms import situations

HOOK = "https://reminder.example.org/hooks/vonage"
LEAST = {"api_key": "abcd1234", "api_secret": SECRET}
SIGNATURE_SECRET = f"{SECRET}-to-sign-with"


def options(url: str) -> dict[str, str]:
    return {**LEAST, "url": url, "hook_url": HOOK, "signature_secret": SIGNATURE_SECRET}


def parts(*statuses: str, words: str = "") -> Reply:
    """The answer with a part for each status."""
    made = [
        {"status": status, "message-id": f"0A{number}", "to": "1"} if status == "0" else {"status": status}
        for number, status in enumerate(statuses)
    ]
    return json_reply({"message-count": str(len(made)), "messages": [{**part, "error-text": words} for part in made]})


TAKEN = parts("0")


def wire_id_of(request: Request) -> str:
    return request.form.get("client-ref", "")


def repeats_the_number(request: Request) -> Reply:
    return parts("34", words=f"Invalid number {request.form['to']}")


SITUATIONS = situations(
    "vonage",
    options,
    wire_id_of,
    {
        Situation.GOOD: TAKEN,
        Situation.NOBODY_THERE: repeats_the_number,
        Situation.DISLIKED: parts("12"),
        Situation.BUSY: parts("1"),
        # A careless server that repeats what it was given.
        Situation.LOCKED_OUT: parts("4", words=f"Bad credentials {SECRET}"),
        Situation.NO_ANSWER: Reply(drops=True),
    },
)
