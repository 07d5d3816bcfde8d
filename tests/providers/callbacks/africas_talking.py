"""Africa's Talking: forms to an address with a secret. Messages are known by its own ids alone."""

from functools import partial
from urllib.parse import urlencode

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, TEXT_TO, About, Happening, Tell
from tests.providers.people import NOW
from tests.providers.samples.africas_talking import HOOK as SECRETS

HEARS = SECRETS


def posted(**fields: str) -> Callback:
    url = f"{HOOK}/africas-talking?{urlencode({'key': SECRETS['hook_secret']})}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    return Callback("POST", url, headers, urlencode(fields).encode(), NOW)


def report(status: str, about: About, reason: str = "") -> Callback:
    more = {"failureReason": reason} if reason else {}
    return posted(id=about.own_id, status=status, phoneNumber=about.address, networkCode="63902", **more)


def text(about: About) -> Callback:
    said = {"from": about.address, "to": TEXT_TO, "text": "DONE", "date": "2020-12-22 09:00:00", "id": "an-answer"}
    return posted(**said)


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(report, "Success"),
    Happening.NOT_NOW: partial(report, "Failed", reason="UserIsInactive"),
    Happening.NOBODY_THERE: partial(report, "Failed", reason="UserDoesNotExist"),
    Happening.LEFT: partial(report, "Failed", reason="UserInBlackList"),
    Happening.WRITES: text,
    Happening.STRANGE: partial(report, "Teleported"),
}
