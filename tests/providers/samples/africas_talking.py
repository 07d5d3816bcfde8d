"""Africa's Talking in each of its moods."""

from collections.abc import Callable
from itertools import count

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.people import PHONES, wire_id
from tests.providers.samples import SECRET, Situation
from tests.providers.samples.single_sms import situations

LEAST = {"username": "appeals", "api_key": SECRET}
HOOK = {"hook_secret": "the-secret-in-the-address"}
_NUMBERS = count(1)


def options(url: str) -> dict[str, str]:
    return {**LEAST, **HOOK, "url": url}


def wire_id_of(request: Request) -> str:
    """Our id is not in the request: whose it is can be told by the number alone."""
    return next((wire_id(n) for n, number in PHONES.items() if number == request.form.get("to")), "")


def of_one(code: object, status: str, message_id: str = "None") -> Callable[[Request], Reply]:
    """What it says of the one recipient of a call."""

    def answer(request: Request) -> Reply:
        entry = {"number": request.form["to"], "status": status, "cost": "0", "messageId": message_id}
        recipient = entry if code is None else {**entry, "statusCode": code}
        return json_reply({"SMSMessageData": {"Message": "Sent to 1/1", "Recipients": [recipient]}}, 201)

    return answer


def takes(request: Request) -> Reply:
    return of_one(101, "Success", f"ATXid_{next(_NUMBERS)}")(request)


SITUATIONS = situations(
    "africas-talking",
    options,
    wire_id_of,
    {
        Situation.GOOD: takes,
        Situation.NOBODY_THERE: of_one(403, "InvalidPhoneNumber"),
        Situation.DISLIKED: of_one(502, "RejectedByGateway"),
        Situation.BUSY: Reply(429, b"Too many requests", {"retry-after": "5"}),
        # A careless server that repeats what it was given.
        Situation.LOCKED_OUT: Reply(401, f"The supplied authentication is invalid: {SECRET}".encode()),
        Situation.NO_ANSWER: Reply(drops=True),
    },
)
