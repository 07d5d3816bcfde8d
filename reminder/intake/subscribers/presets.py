"""The list formats we read, as data. Adding one is adding an entry to `PRESETS`.

The column names were checked against:
- mailchimp: the help pages on exporting an audience (a ZIP of three files: subscribed, unsubscribed, cleaned) and the
  first lines of exports quoted in public code. OPTIN_TIME is when the person filled in a form; CONFIRM_TIME is also set
  when an organiser imported the address, so it is evidence beside OPTIN_TIME and never instead of it. Times are UTC.
- civicrm: the field titles of CiviCRM's own schema (civicrm_contact, civicrm_email) and its option group "on hold".
  "Do Not Phone" is about calls and "Do Not Mail" about post, so neither closes a channel of ours.
- action_network: the columns of its reports (can2_…) as scripts of its users name them, the titles the same columns
  have on its screens, and the status words of its API.
- listmonk: `uuid, email, name, attributes, status, created_at, updated_at` as its exporter writes them. created_at is when
  the record was made, not when somebody agreed, so it is not read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reminder.domain.states import Channel
from reminder.errors import Trouble
from reminder.intake.subscribers.rows import Asked, Basis

BOTH = (Channel.EMAIL, Channel.SMS)
EMAIL = (Channel.EMAIL,)
SMS = (Channel.SMS,)


class Column(StrEnum):
    """What a column tells. The values are the column names of our own format, the preset "reminder"."""

    EMAIL = "email"
    PHONE = "phone"
    NAME = "name"
    GIVEN_NAME = "given_name"
    FAMILY_NAME = "family_name"
    LOCALE = "locale"
    ZONE = "zone"
    COUNTRY = "country"  # where the person lives; also reads numbers written without "+"
    CHANNELS = "channels"  # email, sms or both; blank: email, and sms if sms_consented_on is filled
    LISTS = "lists"
    TOPICS = "topics"
    COUNTRIES = "countries"  # appeals about these countries; "all" in any of the three means all appeals
    LEFT_OUT = "left_out"  # never appeals about these countries
    BASIS = "basis"
    SOURCE = "source"
    WORDING = "wording"
    CONSENTED_ON = "consented_on"
    EVIDENCE = "evidence"
    SMS_BASIS = "sms_basis"  # blank: as for email, except the day
    SMS_SOURCE = "sms_source"
    SMS_WORDING = "sms_wording"
    SMS_CONSENTED_ON = "sms_consented_on"
    STATUS = "status"
    SMS_STATUS = "sms_status"
    LIST_STATUS = "list_status"
    STATUS_ON = "status_on"
    HOUR_EMAIL = "hour_email"
    HOUR_SMS = "hour_sms"
    ATTRIBUTES = "attributes"  # a JSON object that holds some of the columns above


@dataclass(frozen=True, slots=True)
class Standing:
    """What a status means, by channel: `closes` and why, `unwanted` (never agreed), `unconfirmed`, `asks` (agreed).

    `everything` marks a wish for silence that goes beyond the addresses of the row.
    """

    closes: tuple[Channel, ...] = ()
    reason: Asked | None = None
    everything: bool = False
    unwanted: tuple[Channel, ...] = ()
    unconfirmed: tuple[Channel, ...] = ()
    asks: tuple[Channel, ...] = ()


ACTIVE = Standing()
NOT_WANTED = Standing(unwanted=EMAIL)
UNCONFIRMED = Standing(unconfirmed=EMAIL)
UNSUBSCRIBED = Standing(EMAIL, Asked.UNSUBSCRIBED)
BOUNCED = Standing(EMAIL, Asked.BOUNCED)
COMPLAINED = Standing(EMAIL, Asked.COMPLAINED)

# Our own words. Who is "unsubscribed" on a list that has both channels gets nothing by either.
OWN_STATUSES: Mapping[Column, Mapping[str, Standing]] = {
    Column.STATUS: {
        "": ACTIVE,
        "active": ACTIVE,
        "subscribed": ACTIVE,
        "unconfirmed": Standing(unconfirmed=BOTH),
        "pending": Standing(unconfirmed=BOTH),
        "unsubscribed": Standing(BOTH, Asked.UNSUBSCRIBED),
        "unsubscribed from email": UNSUBSCRIBED,
        "blocked": Standing(EMAIL, Asked.DO_NOT_CONTACT),
        "cleaned": BOUNCED,
        "bounced": BOUNCED,
        "complained": COMPLAINED,
        "opted out": Standing(BOTH, Asked.OPTED_OUT),
        "opt out": Standing(BOTH, Asked.OPTED_OUT),
        "do not contact": Standing(BOTH, Asked.DO_NOT_CONTACT, everything=True),
    },
    Column.SMS_STATUS: {
        "": ACTIVE,
        "active": ACTIVE,
        "subscribed": ACTIVE,
        "unsubscribed": Standing(SMS, Asked.UNSUBSCRIBED),
        "opted out": Standing(SMS, Asked.OPTED_OUT),
        "stop": Standing(SMS, Asked.OPTED_OUT),
        "do not contact": Standing(SMS, Asked.DO_NOT_CONTACT),
    },
}


@dataclass(frozen=True, slots=True)
class Preset:
    """How one program writes its lists. Column names and words are compared without case, underscores or hyphens.

    `statuses` are the words of each status column; a word that is not there leaves the row out. `flags` are yes/no
    columns and what a yes means; `words` gives a flag's further words. `marks` are day columns: one that is there says
    what the whole file is, one that is filled says it of its row. `needs` are the columns without which nobody can tell who has left: a file that lacks all of one
    group is refused unless the organiser says what it is. `evidence` are columns kept as they are. `attributes` are the
    keys looked for in the JSON of the column `attributes`.
    """

    name: str
    columns: Mapping[Column, tuple[str, ...]]
    statuses: Mapping[Column, Mapping[str, Standing]]
    flags: Mapping[str, Standing] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Standing]] = field(default_factory=dict)
    marks: Mapping[str, Standing] = field(default_factory=dict)
    needs: tuple[tuple[str, ...], ...] = ()
    evidence: tuple[str, ...] = ()
    attributes: Mapping[Column, tuple[str, ...]] = field(default_factory=dict)
    basis: Basis | None = None


# Every column but the JSON ones and the second status, which belong to other programs.
_FOREIGN = (Column.ATTRIBUTES, Column.LIST_STATUS)

REMINDER = Preset(
    name="reminder",
    columns={column: (column.value,) for column in Column if column not in _FOREIGN},
    statuses=OWN_STATUSES,
)

MAILCHIMP = Preset(
    name="mailchimp",
    columns={
        Column.EMAIL: ("Email Address",),
        Column.PHONE: ("Phone Number", "Phone"),
        Column.NAME: ("Name",),
        Column.GIVEN_NAME: ("First Name",),
        Column.FAMILY_NAME: ("Last Name",),
        Column.LOCALE: ("Language",),
        Column.ZONE: ("TIMEZONE",),
        Column.COUNTRY: ("CC",),
        Column.CONSENTED_ON: ("OPTIN_TIME",),
        Column.STATUS: ("Status",),
    },
    statuses={
        Column.STATUS: {
            "": ACTIVE,
            "subscribed": ACTIVE,
            "unsubscribed": UNSUBSCRIBED,
            "cleaned": BOUNCED,
            "archived": NOT_WANTED,
            "nonsubscribed": NOT_WANTED,
            "non subscribed": NOT_WANTED,
            "transactional": NOT_WANTED,
            "pending": UNCONFIRMED,
        }
    },
    marks={"UNSUB_TIME": UNSUBSCRIBED, "CLEAN_TIME": BOUNCED},
    evidence=("OPTIN_TIME", "OPTIN_IP", "CONFIRM_TIME", "CONFIRM_IP"),
    basis=Basis.CONSENT,
)

CIVICRM = Preset(
    name="civicrm",
    columns={
        Column.EMAIL: ("Email", "Email (primary)"),
        Column.PHONE: ("Phone", "Phone (primary)", "Mobile"),
        Column.NAME: ("Display Name",),
        Column.GIVEN_NAME: ("First Name",),
        Column.FAMILY_NAME: ("Last Name",),
        Column.LOCALE: ("Preferred Language",),
        Column.COUNTRY: ("Country",),
        Column.SOURCE: ("Contact Source", "Source"),
    },
    statuses={},
    flags={
        "Do Not Email": Standing(EMAIL, Asked.DO_NOT_CONTACT),
        "No Bulk Emails (User Opt Out)": Standing(EMAIL, Asked.OPTED_OUT),
        "is_opt_out": Standing(EMAIL, Asked.OPTED_OUT),
        "Do Not Sms": Standing(SMS, Asked.DO_NOT_CONTACT),
        "On Hold": BOUNCED,
        "Email On Hold": BOUNCED,
        "Is Deceased": Standing(BOTH, Asked.DIED, everything=True),
        "Deceased": Standing(BOTH, Asked.DIED, everything=True),
        "Deceased / Closed": Standing(BOTH, Asked.DIED, everything=True),
    },
    words={
        name: {
            "2": Standing(EMAIL, Asked.OPTED_OUT),
            "on hold bounce": BOUNCED,
            "on hold opt out": Standing(EMAIL, Asked.OPTED_OUT),
        }
        for name in ("On Hold", "Email On Hold")
    },
    needs=(("Do Not Email",), ("No Bulk Emails (User Opt Out)", "is_opt_out")),
)

ACTION_NETWORK = Preset(
    name="action-network",
    columns={
        Column.EMAIL: ("email", "Email Address"),
        Column.PHONE: ("can2_phone", "Mobile Number"),
        Column.GIVEN_NAME: ("first_name",),
        Column.FAMILY_NAME: ("last_name",),
        Column.LOCALE: ("Preferred Language",),
        Column.COUNTRY: ("country",),
        Column.CONSENTED_ON: ("can2_subscription_date", "Subscription Date"),
        Column.STATUS: ("can2_subscription_status", "Email Subscription Status", "Subscription Status"),
        Column.SMS_STATUS: ("can2_sms_status", "Mobile Subscription Status"),
    },
    statuses={
        Column.STATUS: {
            "": NOT_WANTED,
            "subscribed": ACTIVE,
            "unsubscribed": UNSUBSCRIBED,
            "bouncing": BOUNCED,
            "previous bounce": BOUNCED,
            "spam complaint": COMPLAINED,
            "previous spam complaint": COMPLAINED,
        },
        Column.SMS_STATUS: {
            "": ACTIVE,
            "subscribed": Standing(asks=SMS),
            "unsubscribed": Standing(SMS, Asked.UNSUBSCRIBED),
            "bouncing": Standing(SMS, Asked.BOUNCED),
            "previous bounce": Standing(SMS, Asked.BOUNCED),
        },
    },
    needs=(("can2_subscription_status", "Email Subscription Status", "Subscription Status"),),
    basis=Basis.CONSENT,
)

LISTMONK = Preset(
    name="listmonk",
    columns={
        Column.EMAIL: ("email",),
        Column.NAME: ("name",),
        Column.ATTRIBUTES: ("attributes", "attribs"),
        Column.STATUS: ("status",),
        Column.LIST_STATUS: ("subscription_status",),
    },
    statuses={
        Column.STATUS: {
            "enabled": ACTIVE,
            "disabled": Standing(EMAIL, Asked.DISABLED),
            "blocklisted": Standing(EMAIL, Asked.DO_NOT_CONTACT),
        },
        Column.LIST_STATUS: {
            "": ACTIVE,
            "confirmed": ACTIVE,
            "unconfirmed": UNCONFIRMED,
            "unsubscribed": UNSUBSCRIBED,
        },
    },
    needs=(("status",),),
    attributes={
        Column.PHONE: ("phone", "mobile"),
        Column.LOCALE: ("locale", "language", "lang"),
        Column.ZONE: ("zone", "timezone", "tz"),
        Column.COUNTRY: ("country",),
    },
)

PRESETS: Mapping[str, Preset] = {
    preset.name: preset for preset in (REMINDER, MAILCHIMP, CIVICRM, ACTION_NETWORK, LISTMONK)
}


def preset_named(name: str | None) -> Preset:
    """The preset called `name`; our own format where None is given. `Trouble` for a name that no preset has."""
    preset = PRESETS.get(REMINDER.name if name is None else name.strip().lower().replace("_", "-"))
    if preset is None:
        raise Trouble("The list format", "is not one we know", f"Choose one of {', '.join(PRESETS)}.")
    return preset
