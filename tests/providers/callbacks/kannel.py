"""Kannel: everything in the address, with a secret. It knows neither dead numbers nor people who left."""

from functools import partial
from urllib.parse import urlencode

from reminder.providers.contract import Callback
from tests.providers.callbacks import HOOK, STAMP, TEXT_TO, About, Happening, Tell
from tests.providers.people import NOW
from tests.providers.samples import SECRET

HEARS = {"hook_url": f"{HOOK}/kannel", "hook_secret": f"{SECRET}-2"}


def called(fields: dict[str, str]) -> Callback:
    return Callback("GET", f"{HOOK}/kannel?{urlencode({'key': f'{SECRET}-2'} | fields)}", {}, b"", NOW)


def report(kind: str, about: About) -> Callback:
    return called({"m": about.wire_id, "s": kind})


def text(about: About) -> Callback:
    said = {"from": about.address, "to": TEXT_TO, "text": "DONE", "charset": "UTF-8", "id": "an-answer", "at": STAMP}
    return called(said)


CALLBACKS: dict[Happening, Tell] = {
    Happening.DELIVERED: partial(report, "1"),
    Happening.NOT_NOW: partial(report, "2"),
    Happening.WRITES: text,
    Happening.STRANGE: partial(report, "64"),
}
