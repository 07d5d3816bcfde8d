"""Campaigns, their plans and the sendings that follow from them."""

from datetime import date, datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from reminder.domain.states import CampaignState, Channel, Reason, WaveState
from reminder.store.tables.base import big, code, day, instant, json, ref, row_id, small, where, words


class Campaign(SQLModel, table=True):
    """One mobilisation for one case. `version` rises with every change; only `approved_version` may be live.

    `audience` lists scopes such as "all", "country:CN", "list:london"; empty means nobody. `round` rises with a "new
    letter": who wrote in an earlier round is asked again. `live_since` is the last start, resume or go-ahead after a
    change: nothing that was due before it goes. `plan_again_at` is when the heartbeat must look at its plan next; NULL:
    nothing lies ahead. `deadline_on` is past for the organisers when its day ends in `zone`; `expires_at` is when it has
    ended for the last reader on earth: until then the campaign is live and each message's own not-after rules.
    `closing_due_at`: since when its closing notes are to be queued; NULL once all of them are.
    """

    __tablename__ = "campaign"
    __table_args__ = (
        Index("campaign_to_plan", "plan_again_at", **where("state = 3")),
        Index(
            "campaign_by_expiry",
            "expires_at",
            **where("state IN (2, 3, 4)"),
        ),
        Index("campaign_to_close", "closing_due_at", **where("closing_due_at IS NOT NULL")),
        Index("campaign_by_case", "case_id"),
    )
    id: int | None = row_id()
    case_id: int = ref("casefile.id")
    state: CampaignState = code(CampaignState, default=CampaignState.DRAFT)
    version: int = Field(default=1)
    approved_version: int = Field(default=0)
    approved_at: datetime | None = instant(default=None)
    zone: str = words()
    deadline_on: date | None = day(default=None)
    review_on: date | None = day(default=None)
    post_by_on: date | None = day(default=None)
    expires_at: datetime | None = instant(default=None)
    audience: list[str] = json(default_factory=list)
    named: bool = Field(default=False)
    sending_limit: int = Field(default=0)
    default_plan: bool = Field(default=True)
    question: str = words(default="")
    round: int = small(default=1)
    started_on: date | None = day(default=None)
    live_since: datetime | None = instant(default=None)
    plan_again_at: datetime | None = instant(default=None)
    planned_until: datetime | None = instant(default=None)
    ended_at: datetime | None = instant(default=None)
    report_due_at: datetime | None = instant(default=None)
    closing_due_at: datetime | None = instant(default=None)
    created_at: datetime = instant()


class Step(SQLModel, table=True):
    """One reminder of a plan. The key is made of what the step hangs on, so that editing never makes an old step new.

    `anchor_at`: the instant of a start or an update, whose next `at_hour` counts where the reader lives. `until_on`: the
    last local day on which it is of use, NULL for the campaign's deadline or review day. `over_limit`: an organiser said
    go although more people get it than the campaign's `sending_limit`.
    """

    __tablename__ = "step"
    # One step per key in a campaign.
    __table_args__ = (Index("one_step", "campaign_id", "step_key", unique=True),)
    id: int | None = row_id()
    campaign_id: int = ref("campaign.id")
    step_key: str = words()
    anchor: str = words()
    anchor_on: date = day()
    offset_days: int = small()
    at_hour: int = small()
    channels: str = words()
    last_useful: bool = Field(default=False)
    anchor_at: datetime | None = instant(default=None)
    until_on: date | None = day(default=None)
    over_limit: bool = Field(default=False)


class Wave(SQLModel, table=True):
    """One step for one rhythm by one channel: a due instant, an open-until and a not-after.

    `chunk_end` is the id of the last subscriber dealt with while it is being opened; it is written in the transaction of
    its rows and is the only cursor in the program. `n_people` counts those a superseded or missed sending left out.
    """

    __tablename__ = "wave"
    __table_args__ = (
        # A sending is planned once.
        Index("one_wave", "campaign_id", "step_key", "anchor_on", "rhythm_id", "channel", unique=True),
        Index("wave_due", "due_at", **where("state IN (1, 2)")),
        Index("wave_opened", "opened_at", **where("state = 3")),
        Index("wave_of_day", "rhythm_id", "local_on"),
    )
    id: int | None = row_id()
    campaign_id: int = big()
    step_key: str = words()
    anchor_on: date = day()
    rhythm_id: int = big()
    channel: Channel = code(Channel)
    local_on: date = day()
    due_at: datetime = instant()
    open_until: datetime = instant()
    not_after: datetime = instant()
    last_useful: bool = Field(default=False)
    # The email part of a step that prefers SMS reaches only those without SMS, and the other way round.
    unless_channel: int = small(default=0)
    # No message goes: its people get a promise that is skipped for this reason.
    refused: Reason = code(Reason, default=Reason.NONE)
    state: WaveState = code(WaveState, default=WaveState.PLANNED)
    opened_at: datetime | None = instant(default=None)
    chunk_locale: str = words(default="")
    chunk_end: int = big(default=0)
    n_opened: int = Field(default=0)
    n_skipped: int = Field(default=0)
    n_people: int = Field(default=0)
