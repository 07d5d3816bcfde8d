"""AWS End User Messaging SMS in each of its moods."""

from tests.fakes.http import Reply, Request, json_reply
from tests.providers.samples import SECRET, Situation
from tests.providers.samples.single_sms import situations

OWN_ID = "862a8790-60c0-4430-9b2b-658bdexample"
TOPIC = "arn:aws:sns:eu-west-1:123456789012:texts"
LEAST = {"region": "eu-west-1", "access_key": "AKIAIOSFODNN7EXAMPLE", "secret_key": SECRET}
TAKEN = json_reply({"MessageId": OWN_ID})


def options(url: str) -> dict[str, str]:
    return {**LEAST, "url": url, "configuration_set": "texts", "topics": TOPIC}


def refusal(name: str, reason: str = "", message: str = "", *, status: int = 400, fields: str = "") -> Reply:
    body = {"__type": f"com.amazonaws.pinpoint.sms.voice.v2#{name}", "Message": message}
    if reason:
        body["Reason"] = reason
    return json_reply(body | ({"Fields": [{"Name": fields, "Message": message}]} if fields else {}), status)


def wire_id_of(request: Request) -> str:
    return str(request.json["Context"]["wire_id"])


def repeats_the_number(request: Request) -> Reply:
    number = request.json["DestinationPhoneNumber"]
    return refusal(
        "ValidationException", "FIELD_VALIDATION_FAILED", f"{number} is no number", fields="DestinationPhoneNumber"
    )


SITUATIONS = situations(
    "aws-sms",
    options,
    wire_id_of,
    {
        Situation.GOOD: TAKEN,
        Situation.NOBODY_THERE: repeats_the_number,
        Situation.DISLIKED: refusal("ValidationException", "PRICE_OVER_THRESHOLD"),
        Situation.BUSY: refusal("ThrottlingException"),
        # A careless server that repeats what it was given.
        Situation.LOCKED_OUT: refusal("UnrecognizedClientException", message=f"the secret {SECRET} does not fit"),
        Situation.NO_ANSWER: Reply(drops=True),
    },
)
