"""Mailjet before a scripted server."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from pathlib import Path

import httpx

from reminder.providers.registry import build
from tests.fakes.http import FakeHttp, Reply, Request, json_reply
from tests.providers.judges import judge_of
from tests.providers.people import EMAILS, NOW
from tests.providers.samples import SECRET, Setting, Situation, Stand
from tests.providers.samples.over_http import before

LEAST = {"api_key": "the-public-half", "secret_key": SECRET}
LOGIN = {"hook_logins": f"mailjet:{SECRET}"}
# Late enough that a message would be found.
DATE = format_datetime(NOW + timedelta(hours=2), usegmt=True)


def wire_ids(request: Request) -> list[str]:
    return [message["CustomID"] for message in request.json["Messages"]] if request.method == "POST" else []


def success(wire_id: str, number: int = 1) -> dict[str, object]:
    to = [{"Email": EMAILS[1], "MessageUUID": "u", "MessageID": 19_421_777_835_146_490 + number, "MessageHref": "h"}]
    return {"Status": "success", "CustomID": wire_id, "To": to, "Cc": [], "Bcc": []}


def error(code: str, related: str, words: str = "", status: int = 400) -> dict[str, object]:
    one = {"ErrorIdentifier": "x", "ErrorCode": code, "StatusCode": status, "ErrorMessage": words}
    return {"Status": "error", "Errors": [one | {"ErrorRelatedTo": [related]}]}


def takes_all(request: Request) -> Reply:
    return json_reply({"Messages": [success(wire_id, n) for n, wire_id in enumerate(wire_ids(request))]})


def refuses_each(code: str, related: str) -> Callable[[Request], Reply]:
    """Every message of the call has an error of its own."""

    def answer(request: Request) -> Reply:
        words = f'"{EMAILS[1]}" does not do'
        return json_reply({"Messages": [error(code, related, words) for _ in wire_ids(request)]}, 400)

    return answer


def half(request: Request) -> Reply:
    """Every second one is refused, in an answer of 200."""
    found = [
        error("send-0003", "TextPart") if place % 2 else success(wire_id, place)
        for place, wire_id in enumerate(wire_ids(request))
    ]
    return json_reply({"Messages": found})


def refusal(status: int, code: str, words: str = "", **headers: str) -> Reply:
    body = {"ErrorIdentifier": "x", "ErrorCode": code, "StatusCode": status, "ErrorMessage": words}
    return json_reply(body, status, **headers)


def list_of(server: FakeHttp, request: Request) -> Reply:
    taken = [wire_id for each in server.requests for wire_id in wire_ids(each)]
    asked = request.query["CustomID"]
    found = [{"ID": 1, "CustomID": each, "Status": "sent"} for each in taken if each.startswith(asked)]
    return json_reply({"Count": len(found), "Data": found, "Total": len(found)}, 200, date=DATE)


@asynccontextmanager
async def good(folder: Path) -> AsyncIterator[Stand]:
    """It takes everything, and its list knows what it took."""
    server = FakeHttp(judge=judge_of("mailjet"))
    server.answer = lambda request: list_of(server, request) if request.method == "GET" else takes_all(request)
    async with server, httpx.AsyncClient() as http:
        provider = build("mailjet", {**LEAST, **LOGIN, "url": server.url}, http)
        yield Stand(
            provider, lambda wire_id: sum(wire_ids(each).count(wire_id) for each in server.requests), server, http
        )
        await provider.close()


stand = partial(before, "mailjet", {**LEAST, **LOGIN}, wire_ids=wire_ids)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: good,
    Situation.NOBODY_THERE: stand(refuses_each("mj-0013", "To[0].Email")),
    Situation.DISLIKED: stand(refuses_each("send-0003", "TextPart")),
    Situation.BUSY: stand(refusal(429, "", "Too many requests", retry_after="30")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(refusal(401, "mj-0015", f"the-public-half:{SECRET} is wrong")),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
