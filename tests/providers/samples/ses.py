"""Amazon SES before a scripted server."""

from functools import partial

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.people import EMAILS
from tests.providers.samples import SECRET, Setting, Situation
from tests.providers.samples.over_http import before

LEAST = {
    "region": "eu-west-1",
    "access_key": "AKIAIOSFODNN7EXAMPLE",
    "secret_key": SECRET,
    "configuration_set": "reminders",
}
BULK = "/v2/email/outbound-bulk-emails"
SINGLE = "/v2/email/outbound-emails"
OWN_ID = "0102017600000000-0a1b2c3d-0000-4000-8000-000000000001-000000"


def tags(request: Request) -> list[str]:
    if request.path == BULK:
        lists = [entry["ReplacementTags"] for entry in request.json["BulkEmailEntries"]]
    else:
        lists = [request.json["EmailTags"]]
    return [tag["Value"].replace("_d", ".").replace("_u", "_") for each in lists for tag in each]


def good(request: Request) -> Reply:
    """Every entry taken, or the single message."""
    if request.path == SINGLE:
        return json_reply({"MessageId": OWN_ID})
    return results(*({"Status": "SUCCESS", "MessageId": f"{OWN_ID}-{n}"} for n, _ in enumerate(tags(request))))


def results(*entries: dict[str, str]) -> Reply:
    return json_reply({"BulkEmailEntryResults": list(entries)})


def error(name: str, message: str = "", status: int = 400, **headers: str) -> Reply:
    return json_reply({"message": message}, status, x_amzn_errortype=f"{name}:http://internal.amazon.com/", **headers)


def half(request: Request) -> Reply:
    """Every second one is refused, in an answer of 200."""
    taken, refused = {"Status": "SUCCESS", "MessageId": OWN_ID}, {"Status": "MESSAGE_REJECTED", "Error": "a virus"}
    return results(*(refused if place % 2 else taken for place, _ in enumerate(tags(request))))


def everybody(status: str, message: str) -> Reply:
    return results(*({"Status": status, "Error": message} for _ in EMAILS))


def nobody_there(request: Request) -> Reply:
    """A careless server that repeats the address."""
    if request.path == BULK:
        return error("BadRequestException", "Illegal address")
    return error("BadRequestException", f"Illegal address: {request.json['Destination']['ToAddresses'][0]}")


stand = partial(before, "ses", LEAST, wire_ids=tags)
SITUATIONS: dict[Situation, Setting] = {
    Situation.GOOD: stand(good, takes=True),
    Situation.NOBODY_THERE: stand(nobody_there),
    Situation.DISLIKED: stand(everybody("MESSAGE_REJECTED", f"a virus for {EMAILS[1]}")),
    Situation.BUSY: stand(error("TooManyRequestsException", "Maximum sending rate exceeded", 429)),
    # A careless server that repeats what it was given.
    Situation.LOCKED_OUT: stand(error("InvalidSignatureException", f"the secret {SECRET} does not fit", 403)),
    Situation.NO_ANSWER: stand(Reply(drops=True)),
}
