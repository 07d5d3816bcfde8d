"""Mailgun before a scripted server."""

from functools import partial

import orjson

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.people import EMAILS
from tests.providers.samples import SECRET, Setting, Situation
from tests.providers.samples.over_http import before

LEAST = {"api_key": SECRET, "domain": "mg.example.org"}
GOOD = json_reply({"id": "<20201222090000.1.ABC@mg.example.org>", "message": "Queued. Thank you."})


def wire_ids(request: Request) -> list[str]:
    fields = dict(request.parts)
    return [each["wire_id"] for each in orjson.loads(fields["recipient-variables"]).values()]


def refusal(status: int, message: str, **headers: str) -> Reply:
    return json_reply({"message": message}, status, **headers)


stand = partial(before, "mailgun", {**LEAST, "signing_keys": SECRET}, wire_ids=wire_ids)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: stand(GOOD, takes=True),
    Situation.NOBODY_THERE: stand(refusal(400, "to parameter is not a valid address. please check documentation")),
    Situation.DISLIKED: stand(refusal(400, f"not to {EMAILS[1]}")),
    Situation.BUSY: stand(refusal(429, "limit exceeded, try again after 120 seconds")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(refusal(401, f"the key {SECRET} is revoked")),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
