"""Infobip: reports and texts in lists, to an address with a secret."""

from functools import partial
from urllib.parse import urlencode

import orjson

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, TEXT_TO, About, Happening, Tell
from tests.providers.people import NOW
from tests.providers.samples import SECRET
from tests.providers.samples.infobip import status

HEARS = {"hook_url": f"{HOOK}/infobip", "hook_secret": SECRET}
AT = "2020-12-22T09:00:00.000+0000"
ARRIVED, NOT_ARRIVED = status(3, 5, "DELIVERED_TO_HANDSET"), status(2, 9, "UNDELIVERABLE_NOT_DELIVERED")


def posted(result: object) -> Callback:
    url = f"{HOOK}/infobip?{urlencode({'key': SECRET})}"
    return Callback("POST", url, {"content-type": "application/json"}, orjson.dumps({"results": [result]}), NOW)


def report(said: dict[str, object], about: About, error: int = 0) -> Callback:
    told = {"groupId": 1, "groupName": "HANDSET_ERRORS", "id": error, "name": f"EC_{error}", "permanent": True}
    ids = {"bulkId": "b", "messageId": about.wire_id, "callbackData": about.wire_id}
    return posted({**ids, "to": about.address[1:], "sentAt": AT, "doneAt": AT, "status": said, "error": told})


def text(about: About) -> Callback:
    return posted(
        {"messageId": "an-answer", "from": about.address[1:], "to": TEXT_TO[1:], "text": "DONE", "receivedAt": AT}
    )


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(report, ARRIVED),
    Happening.NOT_NOW: partial(report, NOT_ARRIVED, error=13),
    Happening.NOBODY_THERE: partial(report, NOT_ARRIVED, error=1),
    Happening.LEFT: partial(report, NOT_ARRIVED, error=603),
    Happening.WRITES: text,
    Happening.STRANGE: partial(report, status(9, 900, "TELEPORTED")),
}
