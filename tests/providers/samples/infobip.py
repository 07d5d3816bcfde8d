"""Infobip before a scripted server."""

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
from tests.providers.people import NOW, PHONES
from tests.providers.samples import SECRET, Setting, Situation, Stand
from tests.providers.samples.over_http import before

LEAST = {"api_key": SECRET, "url": "https://xyz.api.infobip.com"}
HOOK = {"hook_url": "https://reminder.example.org/hooks/infobip", "hook_secret": SECRET}
PENDING = {"groupId": 1, "groupName": "PENDING", "id": 26, "name": "PENDING_ACCEPTED", "description": "sent on"}
GROUPS = {1: "PENDING", 2: "UNDELIVERABLE", 3: "DELIVERED", 4: "EXPIRED", 5: "REJECTED"}
# Late enough that a message would be in the log.
DATE = format_datetime(NOW + timedelta(minutes=30), usegmt=True)


def wire_ids(request: Request) -> list[str]:
    if request.method != "POST":
        return []
    return [to["messageId"] for message in request.json["messages"] for to in message["destinations"]]


def status(group: int, number: int, name: str, description: str = "") -> dict[str, object]:
    return {
        "groupId": group,
        "groupName": GROUPS.get(group, "NEW"),
        "id": number,
        "name": name,
        "description": description,
    }


def answers_each(said: dict[str, object]) -> Callable[[Request], Reply]:
    """Every message of the call gets this status, in an answer of 200."""

    def answer(request: Request) -> Reply:
        messages = [
            {"messageId": to["messageId"], "destination": to["to"], "status": said}
            for message in request.json["messages"]
            for to in message["destinations"]
        ]
        return json_reply({"bulkId": "bulk-1", "messages": messages})

    return answer


def half(request: Request) -> Reply:
    """Every second one is refused, in an answer of 200."""
    refused = status(5, 25, "REJECTED_MESSAGE_TOO_LONG")
    said = [refused if place % 2 else PENDING for place, _ in enumerate(wire_ids(request))]
    messages = [{"messageId": each, "status": one} for each, one in zip(wire_ids(request), said, strict=True)]
    return json_reply({"bulkId": "bulk-1", "messages": messages})


def refusal(code: int, words: str, *properties: str, **headers: str) -> Reply:
    violations = [{"property": name, "violation": words} for name in properties]
    body = {"errorCode": f"E{code}", "description": words, "action": "", "violations": violations, "resources": []}
    return json_reply(body, code, **headers)


def log_of(server: FakeHttp, request: Request) -> Reply:
    taken = [wire_id for each in server.requests for wire_id in wire_ids(each)]
    asked = request.query["messageId"]
    found = [{"messageId": each, "status": status(1, 7, "PENDING_ENROUTE")} for each in taken if each.startswith(asked)]
    return json_reply({"results": found}, 200, date=DATE)


@asynccontextmanager
async def good(folder: Path) -> AsyncIterator[Stand]:
    """It takes everything, and its log knows what it took."""
    server = FakeHttp(judge=judge_of("infobip"))
    takes = answers_each(PENDING)
    server.answer = lambda request: log_of(server, request) if request.method == "GET" else takes(request)
    async with server, httpx.AsyncClient() as http:
        provider = build("infobip", {**LEAST, **HOOK, "url": server.url}, http)
        yield Stand(
            provider, lambda wire_id: sum(wire_ids(each).count(wire_id) for each in server.requests), server, http
        )
        await provider.close()


stand = partial(before, "infobip", {**LEAST, **HOOK}, wire_ids=wire_ids)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: good,
    Situation.NOBODY_THERE: stand(answers_each(status(5, 52, "REJECTED_DESTINATION", f"not {PHONES[1]}"))),
    Situation.DISLIKED: stand(answers_each(status(5, 25, "REJECTED_MESSAGE_TOO_LONG", f"to {PHONES[2]}"))),
    Situation.BUSY: stand(refusal(429, "Too many requests", retry_after="3")),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(refusal(401, f"the key {SECRET} is wrong")),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
