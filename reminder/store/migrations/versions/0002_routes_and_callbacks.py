"""Routes, rules of countries and what came back"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _void_messages() -> None:
    """The one-a-day index no longer looks at the state, which changes with every answer."""
    op.add_column("message", sa.Column("void", sa.SmallInteger(), nullable=False, server_default="0"))
    op.execute("UPDATE message SET void = 1 WHERE state = 6")
    op.drop_index("one_a_day", "message")
    _one_a_day("kind = 1 AND void = 0")


def _one_a_day(condition: str) -> None:
    where: dict[str, Any] = {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}
    op.create_index("one_a_day", "message", ["local_on", "subscriber_id"], unique=True, **where)


def _replies_acted_on() -> None:
    """The mark of each reply that was acted on; parts of long texts with all that is known of them; when to look for mail.

    Parts that wait for their rest are dropped: they are at most a day old, and `reminder events replay` reads them again.
    """
    op.create_table(
        "reply_done",
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark"),
    )
    op.drop_table("reply_part")
    op.create_table(
        "reply_part",
        sa.Column("whole", sa.LargeBinary(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("part_ct", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("whole", "no"),
    )
    op.create_table(
        "mailbox_turn",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("misses", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _no_replies_acted_on() -> None:
    for name in ("mailbox_turn", "reply_part", "reply_done"):
        op.drop_table(name)
    op.create_table(
        "reply_part",
        sa.Column("whole", sa.LargeBinary(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text_ct", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("whole", "no"),
    )


_REACHABLE = (
    *("rhythm_id", "locale", "id", "cadence_days", "cadence_n", "last48", "named", "paused_until"),
    *("sms_since", "email_since"),
)


def _rules_of_countries() -> None:
    """The country of each number, sendings of which only the reason is written, the route of a batch, the rules in force.

    The heartbeat reads the countries of the numbers that are there already.
    """
    op.add_column("subscriber", sa.Column("phone_country", sa.Text(), nullable=False, server_default=""))
    op.add_column("wave", sa.Column("refused", sa.SmallInteger(), nullable=False, server_default="0"))
    op.add_column("batch", sa.Column("route", sa.Text(), nullable=False, server_default=""))
    op.add_column("instance", sa.Column("sms_rules", sa.Text(), nullable=False, server_default=""))
    _reachable_by_sms(*_REACHABLE, "phone_country")
    missing = sa.text("phone_country = '' AND phone_ct IS NOT NULL")
    op.create_index("phone_without_country", "subscriber", ["id"], sqlite_where=missing, postgresql_where=missing)


def _no_rules_of_countries() -> None:
    op.drop_index("phone_without_country", "subscriber")
    _reachable_by_sms(*_REACHABLE)
    for table, column in (
        ("instance", "sms_rules"),
        ("batch", "route"),
        ("wave", "refused"),
        ("subscriber", "phone_country"),
    ):
        op.drop_column(table, column)


def _reachable_by_sms(*columns: str) -> None:
    op.drop_index("reachable_by_sms", "subscriber")
    reachable = sa.text("state = 1 AND sms_since IS NOT NULL")
    op.create_index("reachable_by_sms", "subscriber", list(columns), sqlite_where=reachable, postgresql_where=reachable)


def _ask_providers() -> None:
    """When a provider is asked what became of an attempt, by which of its ids; when its own list was read."""
    op.add_column("attempt", sa.Column("ask_at", sa.BigInteger(), nullable=True))
    op.add_column("attempt", sa.Column("asked", sa.SmallInteger(), nullable=False, server_default="0"))
    condition = sa.text("ask_at IS NOT NULL")
    op.create_index(
        "attempt_to_ask", "attempt", ["provider", "ask_at"], sqlite_where=condition, postgresql_where=condition
    )
    op.create_index("receipt_of_attempt", "receipt", ["attempt_id"])
    op.add_column("provider_state", sa.Column("list_read_at", sa.BigInteger(), nullable=True))
    op.add_column("provider_state", sa.Column("list_because", sa.Text(), nullable=False, server_default=""))


def _ask_no_providers() -> None:
    for name in ("list_because", "list_read_at"):
        op.drop_column("provider_state", name)
    op.drop_index("receipt_of_attempt", "receipt")
    op.drop_index("attempt_to_ask", "attempt")
    for name in ("asked", "ask_at"):
        op.drop_column("attempt", name)


def _what_texts_cost() -> None:
    """What a campaign may spend on texts, what the texts of each attempt cost, who asked for a text to confirm a number."""
    op.create_table(
        "sms_budget",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id"),
    )
    op.create_table(
        "sms_cost",
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("segments", sa.SmallInteger(), nullable=False),
        sa.Column("texts", sa.Integer(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("attempt_id"),
    )
    op.create_index("sms_cost_of_campaign", "sms_cost", ["campaign_id"], unique=False)
    op.create_table(
        "sms_asking",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("range_hash", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sms_asking_of_range", "sms_asking", ["range_hash", "at"], unique=False)
    op.create_index("sms_asking_of_day", "sms_asking", ["at", "answer"], unique=False)
    queued: dict[str, Any] = {"sqlite_where": sa.text("answer = 0"), "postgresql_where": sa.text("answer = 0")}
    op.create_index("sms_asking_of_number", "sms_asking", ["address_hash", "at"], unique=False, **queued)


def _no_cost_of_texts() -> None:
    for name in ("sms_asking", "sms_cost", "sms_budget"):
        op.drop_table(name)


def _limits_of_providers() -> None:
    """What warms a provider up, and whether the organisers know that it refuses our account."""
    op.add_column("provider_state", sa.Column("most_a_day", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("provider_state", sa.Column("told_at", sa.BigInteger(), nullable=True))


def _no_limits_of_providers() -> None:
    for name in ("told_at", "most_a_day"):
        op.drop_column("provider_state", name)


def _story_of_documents() -> None:
    """What a document tells beside its letter, for the pages."""
    op.add_column("document", sa.Column("story", sa.Text(), nullable=False, server_default=""))


def upgrade() -> None:
    """From revision 0001."""
    _story_of_documents()
    _limits_of_providers()
    _what_texts_cost()
    _ask_providers()
    _rules_of_countries()
    _replies_acted_on()
    _void_messages()


def downgrade() -> None:
    """Back to revision 0001."""
    op.drop_column("document", "story")
    _no_limits_of_providers()
    _no_cost_of_texts()
    _ask_no_providers()
    _no_rules_of_countries()
    _no_replies_acted_on()
    op.drop_index("one_a_day", "message")
    _one_a_day("kind = 1 AND state <> 6")
    op.drop_column("message", "void")
