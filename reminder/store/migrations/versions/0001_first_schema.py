"""First schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("first_message", sa.BigInteger(), nullable=False),
        sa.Column("last_message", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=False),
        sa.Column("rendered_at", sa.BigInteger(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.LargeBinary(), nullable=True),
        sa.Column("n_accepted", sa.Integer(), nullable=False),
        sa.Column("n_rejected", sa.Integer(), nullable=False),
        sa.Column("n_retry", sa.Integer(), nullable=False),
        sa.Column("n_unclear", sa.Integer(), nullable=False),
        sa.Column("detail_ct", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "attempt_open",
        "attempt",
        ["sent_at"],
        unique=False,
        sqlite_where=sa.text("state IN (1, 3)"),
        postgresql_where=sa.text("state IN (1, 3)"),
    )
    op.create_index("one_attempt", "attempt", ["batch_id", "no"], unique=True)
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("detail_ct", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("rhythm_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("send_at", sa.BigInteger(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "batch_leased",
        "batch",
        ["lease_until"],
        unique=False,
        sqlite_where=sa.text("state IN (2, 3)"),
        postgresql_where=sa.text("state IN (2, 3)"),
    )
    op.create_index("batch_of_content", "batch", ["content_id"], unique=False)
    op.create_index(
        "batch_to_claim",
        "batch",
        ["channel", "open_until", "turn", "id"],
        unique=False,
        sqlite_where=sa.text("state = 1"),
        postgresql_where=sa.text("state = 1"),
    )
    op.create_index(
        "batch_withdrawn",
        "batch",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 5"),
        postgresql_where=sa.text("state = 5"),
    )
    op.create_table(
        "casefile",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("deadline_on", sa.Integer(), nullable=True),
        sa.Column("deadline_because", sa.Text(), nullable=False),
        sa.Column("review_on", sa.Integer(), nullable=True),
        sa.Column("sent_by_counts", sa.Boolean(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("stopped_because", sa.Text(), nullable=False),
        sa.Column("redacted_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("outcome_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_case", "casefile", ["key"], unique=True)
    op.create_index("one_code", "casefile", ["code"], unique=True)
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Integer(), nullable=True),
        sa.Column("evidence_ct", sa.LargeBinary(), nullable=True),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("consent_of_address", "consent", ["address_hash", "channel", "id"], unique=False)
    op.create_table(
        "content",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.Column("also_open", sa.SmallInteger(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_content", "content", ["digest"], unique=True)
    op.create_table(
        "content_campaign",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "content_id"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("step_key", sa.Text(), nullable=False),
        sa.Column("anchor_on", sa.Integer(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("local_on", sa.Integer(), nullable=False),
        sa.Column("wave_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_promise", "delivery", ["campaign_id", "step_key", "anchor_on", "channel", "subscriber_id"], unique=True
    )
    op.create_table(
        "do_not_contact",
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address_hash"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("result", sa.SmallInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("event_of_message", "event", ["message_id"], unique=False)
    op.create_index("one_event", "event", ["fingerprint"], unique=True)
    op.create_table(
        "exclusion",
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "what"),
    )
    op.create_table(
        "instance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.LargeBinary(), nullable=False),
        sa.Column("key_fingerprint", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=True),
        sa.Column("heartbeat_owner", sa.Text(), nullable=False),
        sa.Column("waits_because", sa.Text(), nullable=False),
        sa.Column("key_confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("next_batch_id", sa.BigInteger(), nullable=False),
        sa.Column("next_message_id", sa.BigInteger(), nullable=False),
        sa.Column("monday_on", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "letter",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "round", "subscriber_id"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("local_on", sa.Integer(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("result", sa.SmallInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("dedupe", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("message_of_batch", "message", ["batch_id", "id"], unique=False)
    op.create_index(
        "message_unclear",
        "message",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 5"),
        postgresql_where=sa.text("state = 5"),
    )
    op.create_index(
        "one_a_day",
        "message",
        ["local_on", "subscriber_id"],
        unique=True,
        sqlite_where=sa.text("kind = 1 AND state <> 6"),
        postgresql_where=sa.text("kind = 1 AND state <> 6"),
    )
    op.create_index(
        "one_of_a_kind",
        "message",
        ["dedupe"],
        unique=True,
        sqlite_where=sa.text("dedupe IS NOT NULL"),
        postgresql_where=sa.text("dedupe IS NOT NULL"),
    )
    op.create_table(
        "organiser",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email_ct", sa.LargeBinary(), nullable=False),
        sa.Column("email_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name_ct", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_organiser", "organiser", ["email_hash"], unique=True)
    op.create_table(
        "provider_state",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("taken_today", sa.Integer(), nullable=False),
        sa.Column("window_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_in_window", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("broken_until", sa.BigInteger(), nullable=True),
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "receipt",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "provider_id"),
    )
    op.create_table(
        "report",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_report", "report", ["campaign_id", "version"], unique=True)
    op.create_table(
        "rhythm",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("sms_country", sa.Text(), nullable=False),
        sa.Column("email_hour", sa.SmallInteger(), nullable=False),
        sa.Column("sms_hour", sa.SmallInteger(), nullable=False),
        sa.Column("email_quiet_from", sa.SmallInteger(), nullable=False),
        sa.Column("email_quiet_to", sa.SmallInteger(), nullable=False),
        sa.Column("sms_quiet_from", sa.SmallInteger(), nullable=False),
        sa.Column("sms_quiet_to", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "one_rhythm",
        "rhythm",
        [
            "zone",
            "sms_country",
            "email_hour",
            "sms_hour",
            "email_quiet_from",
            "email_quiet_to",
            "sms_quiet_from",
            "sms_quiet_to",
        ],
        unique=True,
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("email_ct", sa.LargeBinary(), nullable=True),
        sa.Column("email_hash", sa.LargeBinary(), nullable=True),
        sa.Column("phone_ct", sa.LargeBinary(), nullable=True),
        sa.Column("phone_hash", sa.LargeBinary(), nullable=True),
        sa.Column("name_ct", sa.LargeBinary(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("rhythm_id", sa.BigInteger(), nullable=False),
        sa.Column("rhythm_since", sa.BigInteger(), nullable=True),
        sa.Column("cadence_n", sa.SmallInteger(), nullable=False),
        sa.Column("cadence_days", sa.SmallInteger(), nullable=False),
        sa.Column("last48", sa.Boolean(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("closing_note", sa.Boolean(), nullable=False),
        sa.Column("tell_outcome", sa.Boolean(), nullable=False),
        sa.Column("email_since", sa.BigInteger(), nullable=True),
        sa.Column("sms_since", sa.BigInteger(), nullable=True),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_email", "subscriber", ["email_hash"], unique=True)
    op.create_index("one_phone", "subscriber", ["phone_hash"], unique=True)
    op.create_index(
        "reachable_by_email",
        "subscriber",
        [
            "rhythm_id",
            "locale",
            "id",
            "cadence_days",
            "cadence_n",
            "last48",
            "named",
            "paused_until",
            "email_since",
            "sms_since",
        ],
        unique=False,
        sqlite_where=sa.text("state = 1 AND email_since IS NOT NULL"),
        postgresql_where=sa.text("state = 1 AND email_since IS NOT NULL"),
    )
    op.create_index(
        "reachable_by_sms",
        "subscriber",
        [
            "rhythm_id",
            "locale",
            "id",
            "cadence_days",
            "cadence_n",
            "last48",
            "named",
            "paused_until",
            "sms_since",
            "email_since",
        ],
        unique=False,
        sqlite_where=sa.text("state = 1 AND sms_since IS NOT NULL"),
        postgresql_where=sa.text("state = 1 AND sms_since IS NOT NULL"),
    )
    op.create_index("subscriber_by_rhythm", "subscriber", ["rhythm_id", "locale", "id"], unique=False)
    op.create_index(
        "subscriber_moved",
        "subscriber",
        ["rhythm_since"],
        unique=False,
        sqlite_where=sa.text("rhythm_since IS NOT NULL"),
        postgresql_where=sa.text("rhythm_since IS NOT NULL"),
    )
    op.create_table(
        "subscription",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subscriber_id"),
    )
    op.create_index("subscription_of", "subscription", ["subscriber_id"], unique=False)
    op.create_table(
        "wave",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("step_key", sa.Text(), nullable=False),
        sa.Column("anchor_on", sa.Integer(), nullable=False),
        sa.Column("rhythm_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("local_on", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("open_until", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=False),
        sa.Column("last_useful", sa.Boolean(), nullable=False),
        sa.Column("unless_channel", sa.SmallInteger(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=True),
        sa.Column("chunk_locale", sa.Text(), nullable=False),
        sa.Column("chunk_end", sa.BigInteger(), nullable=False),
        sa.Column("n_opened", sa.Integer(), nullable=False),
        sa.Column("n_skipped", sa.Integer(), nullable=False),
        sa.Column("n_people", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_wave", "wave", ["campaign_id", "step_key", "anchor_on", "rhythm_id", "channel"], unique=True)
    op.create_index(
        "wave_due",
        "wave",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("state IN (1, 2)"),
        postgresql_where=sa.text("state IN (1, 2)"),
    )
    op.create_index("wave_of_day", "wave", ["rhythm_id", "local_on"], unique=False)
    op.create_index(
        "wave_opened",
        "wave",
        ["opened_at"],
        unique=False,
        sqlite_where=sa.text("state = 3"),
        postgresql_where=sa.text("state = 3"),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("approved_version", sa.Integer(), nullable=False),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("deadline_on", sa.Integer(), nullable=True),
        sa.Column("review_on", sa.Integer(), nullable=True),
        sa.Column("post_by_on", sa.Integer(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("audience", sa.JSON(), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("sending_limit", sa.Integer(), nullable=False),
        sa.Column("default_plan", sa.Boolean(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("round", sa.SmallInteger(), nullable=False),
        sa.Column("started_on", sa.Integer(), nullable=True),
        sa.Column("live_since", sa.BigInteger(), nullable=True),
        sa.Column("plan_again_at", sa.BigInteger(), nullable=True),
        sa.Column("planned_until", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("report_due_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["casefile.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("campaign_by_case", "campaign", ["case_id"], unique=False)
    op.create_index(
        "campaign_by_expiry",
        "campaign",
        ["expires_at"],
        unique=False,
        sqlite_where=sa.text("state IN (2, 3, 4)"),
        postgresql_where=sa.text("state IN (2, 3, 4)"),
    )
    op.create_index(
        "campaign_to_plan",
        "campaign",
        ["plan_again_at"],
        unique=False,
        sqlite_where=sa.text("state = 3"),
        postgresql_where=sa.text("state = 3"),
    )
    op.create_table(
        "case_key",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["casefile.id"],
        ),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("case_key_of", "case_key", ["case_id"], unique=False)
    op.create_table(
        "document",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("case_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sequence", sa.SmallInteger(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("source_ct", sa.LargeBinary(), nullable=True),
        sa.Column("read", sa.JSON(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("issued_on", sa.Integer(), nullable=True),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["casefile.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_document", "document", ["case_id", "digest"], unique=True)
    op.create_index("one_place", "document", ["case_id", "sequence"], unique=True)
    op.create_table(
        "step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("campaign_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step_key", sa.Text(), nullable=False),
        sa.Column("anchor", sa.Text(), nullable=False),
        sa.Column("anchor_on", sa.Integer(), nullable=False),
        sa.Column("offset_days", sa.SmallInteger(), nullable=False),
        sa.Column("at_hour", sa.SmallInteger(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("last_useful", sa.Boolean(), nullable=False),
        sa.Column("anchor_at", sa.BigInteger(), nullable=True),
        sa.Column("until_on", sa.Integer(), nullable=True),
        sa.Column("over_limit", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("one_step", "step", ["campaign_id", "step_key"], unique=True)


def downgrade() -> None:
    op.drop_index("one_step", table_name="step")
    op.drop_table("step")
    op.drop_index("one_place", table_name="document")
    op.drop_index("one_document", table_name="document")
    op.drop_table("document")
    op.drop_index("case_key_of", table_name="case_key")
    op.drop_table("case_key")
    op.drop_index(
        "campaign_to_plan",
        table_name="campaign",
        sqlite_where=sa.text("state = 3"),
        postgresql_where=sa.text("state = 3"),
    )
    op.drop_index(
        "campaign_by_expiry",
        table_name="campaign",
        sqlite_where=sa.text("state IN (2, 3, 4)"),
        postgresql_where=sa.text("state IN (2, 3, 4)"),
    )
    op.drop_index("campaign_by_case", table_name="campaign")
    op.drop_table("campaign")
    op.drop_index(
        "wave_opened", table_name="wave", sqlite_where=sa.text("state = 3"), postgresql_where=sa.text("state = 3")
    )
    op.drop_index("wave_of_day", table_name="wave")
    op.drop_index(
        "wave_due",
        table_name="wave",
        sqlite_where=sa.text("state IN (1, 2)"),
        postgresql_where=sa.text("state IN (1, 2)"),
    )
    op.drop_index("one_wave", table_name="wave")
    op.drop_table("wave")
    op.drop_index("subscription_of", table_name="subscription")
    op.drop_table("subscription")
    op.drop_index(
        "subscriber_moved",
        table_name="subscriber",
        sqlite_where=sa.text("rhythm_since IS NOT NULL"),
        postgresql_where=sa.text("rhythm_since IS NOT NULL"),
    )
    op.drop_index("subscriber_by_rhythm", table_name="subscriber")
    op.drop_index(
        "reachable_by_sms",
        table_name="subscriber",
        sqlite_where=sa.text("state = 1 AND sms_since IS NOT NULL"),
        postgresql_where=sa.text("state = 1 AND sms_since IS NOT NULL"),
    )
    op.drop_index(
        "reachable_by_email",
        table_name="subscriber",
        sqlite_where=sa.text("state = 1 AND email_since IS NOT NULL"),
        postgresql_where=sa.text("state = 1 AND email_since IS NOT NULL"),
    )
    op.drop_index("one_phone", table_name="subscriber")
    op.drop_index("one_email", table_name="subscriber")
    op.drop_table("subscriber")
    op.drop_index("one_rhythm", table_name="rhythm")
    op.drop_table("rhythm")
    op.drop_index("one_report", table_name="report")
    op.drop_table("report")
    op.drop_table("receipt")
    op.drop_table("provider_state")
    op.drop_index("one_organiser", table_name="organiser")
    op.drop_table("organiser")
    op.drop_index(
        "one_of_a_kind",
        table_name="message",
        sqlite_where=sa.text("dedupe IS NOT NULL"),
        postgresql_where=sa.text("dedupe IS NOT NULL"),
    )
    op.drop_index(
        "one_a_day",
        table_name="message",
        sqlite_where=sa.text("kind = 1 AND state <> 6"),
        postgresql_where=sa.text("kind = 1 AND state <> 6"),
    )
    op.drop_index(
        "message_unclear",
        table_name="message",
        sqlite_where=sa.text("state = 5"),
        postgresql_where=sa.text("state = 5"),
    )
    op.drop_index("message_of_batch", table_name="message")
    op.drop_table("message")
    op.drop_table("letter")
    op.drop_table("instance")
    op.drop_table("exclusion")
    op.drop_index("one_event", table_name="event")
    op.drop_index("event_of_message", table_name="event")
    op.drop_table("event")
    op.drop_table("do_not_contact")
    op.drop_index("one_promise", table_name="delivery")
    op.drop_table("delivery")
    op.drop_table("content_campaign")
    op.drop_index("one_content", table_name="content")
    op.drop_table("content")
    op.drop_index("consent_of_address", table_name="consent")
    op.drop_table("consent")
    op.drop_index("one_code", table_name="casefile")
    op.drop_index("one_case", table_name="casefile")
    op.drop_table("casefile")
    op.drop_index(
        "batch_withdrawn", table_name="batch", sqlite_where=sa.text("state = 5"), postgresql_where=sa.text("state = 5")
    )
    op.drop_index(
        "batch_to_claim", table_name="batch", sqlite_where=sa.text("state = 1"), postgresql_where=sa.text("state = 1")
    )
    op.drop_index("batch_of_content", table_name="batch")
    op.drop_index(
        "batch_leased",
        table_name="batch",
        sqlite_where=sa.text("state IN (2, 3)"),
        postgresql_where=sa.text("state IN (2, 3)"),
    )
    op.drop_table("batch")
    op.drop_table("audit")
    op.drop_index("one_attempt", table_name="attempt")
    op.drop_index(
        "attempt_open",
        table_name="attempt",
        sqlite_where=sa.text("state IN (1, 3)"),
        postgresql_where=sa.text("state IN (1, 3)"),
    )
    op.drop_table("attempt")
