"""Resend before a scripted server."""

from collections.abc import Callable
from functools import partial

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.people import EMAILS
from tests.providers.samples import SECRET, Setting, Situation
from tests.providers.samples.over_http import before

LEAST = {"api_key": SECRET}


def wire_ids(request: Request) -> list[str]:
    return [mail["tags"][0]["value"].replace("_", ".") for mail in request.json]


def key(request: Request) -> object:
    """Resend refuses the same key with another body; here both count."""
    return request.headers["idempotency-key"], request.body


def refusal(status: int, name: str, message: str = "", **headers: str) -> Reply:
    return json_reply({"statusCode": status, "name": name, "message": message}, status, **headers)


def takes_all(request: Request) -> Reply:
    return json_reply({"data": [{"id": f"id-{place}"} for place, _ in enumerate(request.json)]})


def refuses_each(words: str) -> Callable[[Request], Reply]:
    """Every message of the batch is refused, in an answer of 200."""

    def answer(request: Request) -> Reply:
        errors = [
            {"index": place, "message": f"{words}: {mail['to'][0]}, {EMAILS[1]}"}
            for place, mail in enumerate(request.json)
        ]
        return json_reply({"data": [], "errors": errors})

    return answer


def half(request: Request) -> Reply:
    """Every second one is refused, in an answer of 200."""
    places = range(len(request.json))
    errors = [{"index": place, "message": "Invalid `html` field"} for place in places if place % 2]
    return json_reply({"data": [{"id": f"id-{place}"} for place in places if not place % 2], "errors": errors})


stand = partial(before, "resend", LEAST, wire_ids=wire_ids)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: stand(takes_all, takes=True, key=key),
    Situation.NOBODY_THERE: stand(refuses_each("Invalid `to` field")),
    Situation.DISLIKED: stand(refuses_each("Invalid `html` field")),
    Situation.BUSY: stand(refusal(429, "rate_limit_exceeded", retry_after="2")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(refusal(403, "invalid_api_key", f"API key {SECRET} is invalid")),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
