"""What these tests send: one invented office, the founding case in our own words, a few made-up appeals."""

from datetime import UTC, date, datetime

from reminder.domain.links import Links, Purpose
from reminder.domain.message import Content
from reminder.domain.states import Channel
from reminder.rendering.mime import date_header
from reminder.rendering.renderer import Renderer
from reminder.rendering.templates import default_template_folder
from reminder.rendering.views import Advice, AppealView, NudgeView, Office, Sender, TargetView

LANGUAGES = ("en", "fr", "es", "ar", "zh", "ru")
HOST = "https://letters.writers4.example"  # 24 characters of host name
OFFICE = Office(
    legal_name="Letters e.V.",
    postal_address="1 Example Row\nLondon E1 0AA",
    contact="office@example.org",
    privacy_url=f"{HOST}/privacy",
    public_url=HOST,
)
MAIL = Sender("reminders@example.org", "Letters", reply_to="office@example.org")
TEXT = Sender("Letters")
TWO_WAY = Sender("+447700900123", two_way=True)
LINKS = Links(b"k" * 32, HOST)
CLARA = bytes(range(16))
SENT_ON = datetime(2020, 12, 22, 9, tzinfo=UTC)

WRITER = AppealView(
    campaign_id=12,
    code="k7Qx2a",
    names=("Nagyz Muhammed",),
    countries=("CN",),
    deadline=date(2020, 12, 29),
    post_by=date(2020, 12, 15),
    advice=Advice.POST,
    targets=(
        TargetView(
            lines=("Director Wang Jiang", "Prison Administration Bureau", "Urumqi", "China"),
            salutation="Dear Director Wang",
        ),
    ),
    demands=("that Nagyz Muhammed be freed at once", "that his family may visit him"),
    letter="Dear Director Wang,\n\nI write about Nagyz Muhammed, a writer sentenced to life.\n\nYours sincerely,",
    write_in=("zh", "en", "own"),
    late_policy="After that date, ask the office in your country.",
)
TEACHER = AppealView(
    campaign_id=13,
    code="p0Zr9b",
    names=("Amina Testova",),
    countries=("KZ",),
    deadline=date(2020, 12, 24),
    advice=Advice.EMAIL,
    targets=(TargetView(lines=("Ministry of Justice",), email=("minister@example.net",)),),
    demands=("that Amina Testova be given a lawyer",),
)
OPEN_ENDED = AppealView(campaign_id=14, code="v5Tn3c", names=("Sam Doe",), countries=("US",))
SECRETS = (
    *("Nagyz", "Muhammed", "Amina", "Testova", "Sam Doe", "Wang", "Urumqi", "China", "Chine", "الصين", "中国", "Китай"),
    *("Kazakh", "Казах", "كازاخ", "哈萨克", "minister", "sentenced", "lawyer", "prison"),
)


def renderer() -> Renderer:
    """A renderer over the templates that come with the program."""
    return Renderer([default_template_folder()], OFFICE)


def nudge(locale: str = "en", *appeals: AppealView, day: date = date(2020, 12, 22), also_open: int = 0) -> NudgeView:
    """A reminder by email on 22 December."""
    return NudgeView(Channel.EMAIL, locale, MAIL, day, appeals or (TEACHER,), also_open)


def values_for(content: Content, **given: str) -> tuple[str, ...]:
    """Clara's values, in the order of the content's fields; `given` replaces some."""
    known = {
        "to": "clara@example.org",
        "message_id": "4711.0123456789abcdef",
        "date": date_header(SENT_ON),
        "name": "Clara",
        "leave_url": LINKS.leave(CLARA),
        "short_url": LINKS.short(CLARA),
        "confirm_url": LINKS.many(0, [CLARA], [Purpose.CONFIRM])[0][0],
        "link_url": f"{HOST}/me/AAAAAAAAAAA",
        "invitation_url": f"{HOST}/join/AAAAAAAAAAA",
    }
    for name in content.fields:
        kind, _, campaign = name.partition(":")
        if kind == "wrote_url":
            known[name] = LINKS.wrote(int(campaign), CLARA)
        if kind == "later_url":
            known[name] = LINKS.later(int(campaign), CLARA)
    return tuple(given.get(name.partition(":")[0], known[name]) for name in content.fields)
