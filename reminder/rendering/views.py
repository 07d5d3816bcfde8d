"""What the templates are given: frozen values, nothing that knows a database or a clock.

A view is the same for everybody who gets that content; what differs per person is a field (see `FIELDS`). All texts
are plain; cleaning and escaping is the renderer's work. Dates are the reader's calendar days.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from reminder.domain.states import Channel

# The names in `Content.fields` and what the sender puts there. ":ID" stands for a campaign id.
FIELDS: dict[str, str] = {
    "to": "the reader's address, for the To header",
    "message_id": "the wire id; the content adds the domain",
    "date": "mime.date_header of the attempt's `rendered_on`",
    "name": "the reader's first name, or empty",
    "leave_url": "Links.leave",
    "wrote_url:ID": "Links.wrote",
    "later_url:ID": "Links.later",
    "short_url": "Links.short",
    "confirm_url": "the link that confirms a subscription",
    "link_url": "a fresh link, valid for minutes",
    "invitation_url": "the link by which an organiser joins",
}


class Advice(StrEnum):
    """The one thing to do now, by a channel that can still arrive."""

    POST = "post"
    EMAIL = "email"
    FAX = "fax"
    PHONE = "phone"
    FORM = "form"
    EMBASSY = "embassy"
    ANY = "any"


class AnswerKind(StrEnum):
    """What we answer to."""

    LEFT_EMAIL = "left_email"
    LEFT_SMS = "left_sms"
    LEFT_APPEAL = "left_appeal"
    LEFT_ALL = "left_all"
    WROTE = "wrote"
    LATER = "later"  # needs `day`
    JOINED = "joined"
    HELP = "help"
    LINK = "link"  # has field `link_url`; email only


class Still(StrEnum):
    """What still comes, told in each answer."""

    NOTHING = "nothing"
    EMAIL = "email"
    SMS = "sms"
    BOTH = "both"
    OTHER_APPEALS = "other_appeals"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Office:
    """Who we are. `public_url` is where all links lead; the rest stands in each mail's footer."""

    legal_name: str
    postal_address: str
    contact: str
    privacy_url: str
    public_url: str


@dataclass(frozen=True, slots=True)
class Sender:
    """From whom. For email `address` is an address and its domain goes into Message-ID and List-Id; for SMS a number or name.

    The name must be discreet: it is the first thing that a locked screen shows. `leave_address`, if any, takes mails that
    ask to leave. `two_way` says that replies by SMS reach us.
    """

    address: str
    name: str = ""
    reply_to: str = ""
    leave_address: str = ""
    two_way: bool = False


@dataclass(frozen=True, slots=True)
class TargetView:
    """Who the letter is addressed to, as lines to copy; `copy` marks an embassy or other copy."""

    lines: tuple[str, ...]
    salutation: str = ""
    email: tuple[str, ...] = ()
    fax: str = ""
    phone: str = ""
    form_url: str = ""
    copy: bool = False


@dataclass(frozen=True, slots=True)
class AppealView:
    """One appeal. `code` is the opaque code of its public page. Empty where the document does not say.

    `post_by` is the last day on which a letter posted by the reader can arrive in time, None where no date is promised.
    `countries` are ISO codes or names; `write_in` language codes, "own", or names. `language` is the document's.
    `own_text` is the organisers' template (see own_text.py). `named`: campaign and subscriber allow the name in the preview.
    """

    campaign_id: int
    code: str
    names: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    deadline: date | None = None
    post_by: date | None = None
    advice: Advice = Advice.ANY
    targets: tuple[TargetView, ...] = ()
    demands: tuple[str, ...] = ()
    letter: str = ""
    write_in: tuple[str, ...] = ()
    late_policy: str = ""
    language: str = "en"
    own_text: str = ""
    named: bool = False


@dataclass(frozen=True, slots=True)
class NudgeView:
    """One reminder of one to three appeals, the most pressing first. `day` is the reader's local day of sending.

    `also_open` counts further open appeals that this message does not carry.
    """

    channel: Channel
    locale: str
    sender: Sender
    day: date
    appeals: tuple[AppealView, ...]
    also_open: int = 0


@dataclass(frozen=True, slots=True)
class ClosingView:
    """The note after the deadline, to those who ticked it: check with your office; it asks for no letter."""

    channel: Channel
    locale: str
    sender: Sender
    appeal: AppealView


@dataclass(frozen=True, slots=True)
class OutcomeView:
    """How it ended. `outcome` is the organisers' text; it stands in the body only."""

    channel: Channel
    locale: str
    sender: Sender
    appeal: AppealView
    outcome: str


@dataclass(frozen=True, slots=True)
class StopView:
    """The neutral note after a stop, to those already reminded. Names nobody: the case may be redacted."""

    channel: Channel
    locale: str
    sender: Sender
    campaign_id: int
    deadline: date | None = None


@dataclass(frozen=True, slots=True)
class ConfirmationView:
    """Double opt-in. `wording` is the exact text that the person agrees to, `hours` how long the link works."""

    channel: Channel
    locale: str
    sender: Sender
    wording: str = ""
    hours: int = 24


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The answer to something a person asked of us. `day` is for `LATER`, `minutes` for `LINK`."""

    channel: Channel
    locale: str
    sender: Sender
    kind: AnswerKind
    still: Still = Still.UNCHANGED
    day: date | None = None
    minutes: int = 15


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report: each row as long as `header`."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report to organisers. `subject` names no person or country; `facts` are label and value, `notes` sentences."""

    locale: str
    sender: Sender
    subject: str
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class AlertView:
    """Trouble, told to organisers: the thing, the reason, the remedy. `subject` names no person or country."""

    locale: str
    sender: Sender
    subject: str
    reason: str
    remedy: str
    lines: tuple[str, ...] = ()
    url: str = ""


@dataclass(frozen=True, slots=True)
class InvitationView:
    """Asks somebody to join as an organiser. `role` is a word of the console, `inviter` who asks."""

    locale: str
    sender: Sender
    role: str
    inviter: str = ""
    hours: int = 48


ReaderView = NudgeView | ClosingView | OutcomeView | StopView | ConfirmationView | AnswerView
OrganiserView = ReportView | AlertView | InvitationView
View = ReaderView | OrganiserView
