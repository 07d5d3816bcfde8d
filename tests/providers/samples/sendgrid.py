"""SendGrid before a scripted server."""

from functools import partial

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.people import EMAILS
from tests.providers.samples import SECRET, Setting, Situation
from tests.providers.samples.over_http import before

LEAST = {"api_key": SECRET}
GOOD = Reply(202, b"", {"x-message-id": "LRzXl_NHStOGhQ4kofSm_A"})


def wire_ids(request: Request) -> list[str]:
    return [each["custom_args"]["wire_id"] for each in request.json["personalizations"]]


def refusal(status: int, message: str, field: str | None = None, **headers: str) -> Reply:
    return json_reply({"errors": [{"message": message, "field": field, "help": None}]}, status, **headers)


def nobody_there(request: Request) -> Reply:
    errors = [
        {"message": f"{each['to'][0]['email']} is no valid address", "field": f"personalizations.{index}.to.0.email"}
        for index, each in enumerate(request.json["personalizations"])
    ]
    return json_reply({"errors": errors}, 400)


stand = partial(before, "sendgrid", LEAST, wire_ids=wire_ids)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: stand(GOOD, takes=True),
    Situation.NOBODY_THERE: stand(nobody_there),
    Situation.DISLIKED: stand(refusal(400, f"not to {EMAILS[1]}", "content.0.value")),
    Situation.BUSY: stand(refusal(429, "too many requests", None, retry_after="30")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(refusal(401, f"the key {SECRET} is revoked")),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
