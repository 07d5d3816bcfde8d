"""Brevo before a scripted server."""

from functools import partial

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.people import EMAILS
from tests.providers.samples import SECRET, Setting, Situation
from tests.providers.samples.over_http import before

LEAST = {"api_key": SECRET}


def wire_ids(request: Request) -> list[str]:
    return [version["headers"]["X-Mailin-custom"] for version in request.json["messageVersions"]]


def key(request: Request) -> object:
    """Brevo refuses the same key whatever the body is; here both count."""
    return request.json["headers"]["idempotencyKey"], request.body


def refusal(status: int, code: str, message: str = "", **headers: str) -> Reply:
    return json_reply({"code": code, "message": message}, status, **headers)


def takes_all(request: Request) -> Reply:
    return json_reply({"messageIds": [f"<{place}@brevo>" for place, _ in enumerate(wire_ids(request))]}, 201)


stand = partial(before, "brevo", {**LEAST, "hook_logins": f"brevo:{SECRET}"}, wire_ids=wire_ids)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: stand(takes_all, takes=True, key=key),
    Situation.NOBODY_THERE: stand(refusal(400, "invalid_parameter", f"email is not valid in to: {EMAILS[1]}")),
    Situation.DISLIKED: stand(refusal(400, "invalid_parameter", f"htmlContent is too long, {EMAILS[1]}")),
    Situation.BUSY: stand(refusal(429, "too_many_requests", x_sib_ratelimit_reset="7")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(refusal(401, "unauthorized", f"Key not found: {SECRET}")),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
