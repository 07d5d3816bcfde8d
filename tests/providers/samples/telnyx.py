"""Telnyx in each of its moods."""

from urllib.parse import parse_qs, urlsplit

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.samples import SECRET, Situation
from tests.providers.samples.single_sms import situations

HOOK = "https://reminder.example.org/hooks/telnyx"
LEAST = {"api_key": SECRET}
MESSAGE = "40385f64-5717-4562-b3fc-2c963f66afa6"
TAKEN = json_reply({"data": {"id": MESSAGE, "record_type": "message", "to": [{"status": "queued"}]}})


def options(url: str) -> dict[str, str]:
    return {**LEAST, "url": url, "hook_url": HOOK}


def refusal(code: str, status: int = 422, *, detail: str = "", pointer: str = "") -> Reply:
    source = {"source": {"pointer": pointer}} if pointer else {}
    return json_reply({"errors": [{"code": code, "title": "Refused", "detail": detail, **source}]}, status)


def wire_id_of(request: Request) -> str:
    url: str = request.json.get("webhook_url", "")
    return parse_qs(urlsplit(url).query).get("m", [""])[0]


SITUATIONS = situations(
    "telnyx",
    options,
    wire_id_of,
    {
        Situation.GOOD: TAKEN,
        Situation.NOBODY_THERE: lambda request: refusal("40310", detail=f"{request.json['to']} is not valid"),
        Situation.DISLIKED: refusal("40302"),
        Situation.BUSY: refusal("10011", 429),
        # A careless server that repeats what it was given.
        Situation.LOCKED_OUT: refusal("10009", 401, detail=f"The key {SECRET} is unknown"),
        Situation.NO_ANSWER: Reply(drops=True),
    },
    key_of=lambda request: request.headers["idempotency-key"],
)
