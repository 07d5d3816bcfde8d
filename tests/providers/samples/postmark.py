"""Postmark before a scripted server."""

from functools import partial

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.people import EMAILS
from tests.providers.samples import SECRET, Setting, Situation
from tests.providers.samples.over_http import before

LEAST = {"server_token": SECRET}


def wire_ids(request: Request) -> list[str]:
    return [each["Metadata"]["wire_id"] for each in request.json]


def good(request: Request) -> Reply:
    return json_reply(
        [
            {"ErrorCode": 0, "Message": "OK", "MessageID": f"id-{n}", "To": each["To"], "SubmittedAt": "2020-12-22"}
            for n, each in enumerate(request.json)
        ]
    )


def each_refused(code: int, message: str, request: Request) -> Reply:
    return json_reply([{"ErrorCode": code, "Message": message.format(each["To"])} for each in request.json])


def half(request: Request) -> Reply:
    """Every second one is refused, in an answer of 200."""
    found = []
    for place, each in enumerate(request.json):
        refused = {"ErrorCode": 300, "Message": "Invalid metadata content."}
        taken = {"ErrorCode": 0, "Message": "OK", "MessageID": f"id-{place}", "To": each["To"]}
        found.append(refused if place % 2 else taken)
    return json_reply(found)


def refusal(status: int, code: int, message: str, **headers: str) -> Reply:
    return json_reply({"ErrorCode": code, "Message": message}, status, **headers)


stand = partial(before, "postmark", {**LEAST, "hook_logins": f"postmark:{SECRET}"}, wire_ids=wire_ids)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: stand(good, takes=True),
    Situation.NOBODY_THERE: stand(partial(each_refused, 406, "Found inactive addresses: {}.")),
    Situation.DISLIKED: stand(partial(each_refused, 300, "Invalid metadata content for {}.")),
    Situation.BUSY: stand(refusal(429, 429, f"too many, {EMAILS[1]}")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(refusal(401, 10, f"the token {SECRET} is revoked")),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
