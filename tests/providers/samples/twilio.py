"""Twilio in each of its moods."""

from urllib.parse import parse_qs, urlsplit

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.samples import SECRET, Situation
from tests.providers.samples.single_sms import situations

ACCOUNT = "AC00000000000000000000000000000001"
SID = "SM00000000000000000000000000000002"
HOOK = "https://reminder.example.org/hooks/twilio"
LEAST = {"account_sid": ACCOUNT, "auth_token": SECRET}
TAKEN = json_reply({"sid": SID, "status": "queued", "error_code": None}, 201)


def options(url: str) -> dict[str, str]:
    return {**LEAST, "url": url, "hook_url": HOOK}


def refusal(code: int, status: int = 400, message: str = "") -> Reply:
    return json_reply({"code": code, "message": message, "more_info": "", "status": status}, status)


def wire_id_of(request: Request) -> str:
    return parse_qs(urlsplit(request.form.get("StatusCallback", "")).query).get("m", [""])[0]


def repeats_the_number(request: Request) -> Reply:
    return refusal(21211, message=f"The 'To' number {request.form['To']} is not a valid phone number")


SITUATIONS = situations(
    "twilio",
    options,
    wire_id_of,
    {
        Situation.GOOD: TAKEN,
        Situation.NOBODY_THERE: repeats_the_number,
        Situation.DISLIKED: refusal(21617),
        Situation.BUSY: refusal(20429, 429),
        # A careless server that repeats what it was given.
        Situation.LOCKED_OUT: refusal(20003, 401, f"Authenticate: {ACCOUNT}:{SECRET} is wrong"),
        Situation.NO_ANSWER: Reply(drops=True),
    },
)
