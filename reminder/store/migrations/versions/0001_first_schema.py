"""First schema"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def _create_attempt() -> None:
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


def _index_attempt() -> None:
    op.create_index(
        "attempt_open",
        "attempt",
        ["sent_at"],
        unique=False,
        sqlite_where=sa.text("state IN (1, 3)"),
        postgresql_where=sa.text("state IN (1, 3)"),
    )
    op.create_index("one_attempt", "attempt", ["batch_id", "no"], unique=True)


def _create_audit() -> None:
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


def _create_batch() -> None:
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
        sa.Column("because", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _index_batch() -> None:
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


def _create_casefile() -> None:
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


def _index_casefile() -> None:
    op.create_index("one_case", "casefile", ["key"], unique=True)
    op.create_index("one_code", "casefile", ["code"], unique=True)


def _create_consent() -> None:
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


def _index_consent() -> None:
    op.create_index("consent_of_address", "consent", ["address_hash", "channel", "id"], unique=False)


def _create_content() -> None:
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


def _index_content() -> None:
    op.create_index("one_content", "content", ["digest"], unique=True)


def _create_content_campaign() -> None:
    op.create_table(
        "content_campaign",
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("content_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "content_id"),
    )


def _create_delivery() -> None:
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


def _index_delivery() -> None:
    op.create_index(
        "delivery_set_aside",
        "delivery",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 6"),
        postgresql_where=sa.text("state = 6"),
    )
    op.create_index(
        "one_promise", "delivery", ["campaign_id", "step_key", "anchor_on", "channel", "subscriber_id"], unique=True
    )


def _create_do_not_contact() -> None:
    op.create_table(
        "do_not_contact",
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address_hash"),
    )


def _create_event() -> None:
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


def _index_event() -> None:
    op.create_index("event_of_message", "event", ["message_id"], unique=False)
    op.create_index(
        "event_sent_again",
        "event",
        ["message_id"],
        unique=False,
        sqlite_where=sa.text("kind = 'sent again'"),
        postgresql_where=sa.text("kind = 'sent again'"),
    )
    op.create_index("one_event", "event", ["fingerprint"], unique=True)


def _create_exclusion() -> None:
    op.create_table(
        "exclusion",
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subscriber_id", "what"),
    )


def _create_inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.Column("sender_ct", sa.LargeBinary(), nullable=False),
        sa.Column("text_ct", sa.LargeBinary(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Integer(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _index_inbox() -> None:
    op.create_index(
        "inbox_open",
        "inbox",
        ["id"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index("one_reply", "inbox", ["fingerprint"], unique=True)


def _create_instance() -> None:
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
        sa.Column("morning_on", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _create_letter() -> None:
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


def _create_message() -> None:
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
        sa.Column("wire_on", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )


def _index_message() -> None:
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


def _create_organiser() -> None:
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


def _index_organiser() -> None:
    op.create_index("one_organiser", "organiser", ["email_hash"], unique=True)


def _create_provider_day() -> None:
    op.create_table(
        "provider_day",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("bounced", sa.Integer(), nullable=False),
        sa.Column("complained", sa.Integer(), nullable=False),
        sa.Column("forgiven_bounced", sa.Integer(), nullable=False),
        sa.Column("forgiven_complained", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "day"),
    )


def _create_provider_state() -> None:
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
        sa.Column("stopped", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )


def _create_raw_event() -> None:
    op.create_table(
        "raw_event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("callback_ct", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("n_events", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _index_raw_event() -> None:
    op.create_index("one_raw_event", "raw_event", ["fingerprint"], unique=True)
    op.create_index(
        "raw_event_to_apply",
        "raw_event",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 1"),
        postgresql_where=sa.text("state = 1"),
    )
    op.create_index(
        "raw_event_to_empty",
        "raw_event",
        ["received_at"],
        unique=False,
        sqlite_where=sa.text("callback_ct IS NOT NULL"),
        postgresql_where=sa.text("callback_ct IS NOT NULL"),
    )


def _create_receipt() -> None:
    op.create_table(
        "receipt",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "provider_id"),
    )


def _create_reply_part() -> None:
    op.create_table(
        "reply_part",
        sa.Column("whole", sa.LargeBinary(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text_ct", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("whole", "no"),
    )


def _create_report() -> None:
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


def _index_report() -> None:
    op.create_index("one_report", "report", ["campaign_id", "version"], unique=True)


def _create_rhythm() -> None:
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


def _index_rhythm() -> None:
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


def _create_soft_bounce() -> None:
    op.create_table(
        "soft_bounce",
        sa.Column("channel", sa.SmallInteger(), nullable=False),
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address_hash"),
    )


def _create_subscriber() -> None:
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


def _index_subscriber() -> None:
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
    op.create_index(
        "subscriber_not_active",
        "subscriber",
        ["state", "id"],
        unique=False,
        sqlite_where=sa.text("state <> 1"),
        postgresql_where=sa.text("state <> 1"),
    )


def _create_subscription() -> None:
    op.create_table(
        "subscription",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "subscriber_id"),
    )


def _index_subscription() -> None:
    op.create_index("subscription_of", "subscription", ["subscriber_id"], unique=False)


def _create_wave() -> None:
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


def _index_wave() -> None:
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


def _create_campaign() -> None:
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
        sa.Column("closing_due_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["casefile.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )


def _index_campaign() -> None:
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
        "campaign_to_close",
        "campaign",
        ["closing_due_at"],
        unique=False,
        sqlite_where=sa.text("closing_due_at IS NOT NULL"),
        postgresql_where=sa.text("closing_due_at IS NOT NULL"),
    )
    op.create_index(
        "campaign_to_plan",
        "campaign",
        ["plan_again_at"],
        unique=False,
        sqlite_where=sa.text("state = 3"),
        postgresql_where=sa.text("state = 3"),
    )


def _create_case_key() -> None:
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


def _index_case_key() -> None:
    op.create_index("case_key_of", "case_key", ["case_id"], unique=False)


def _create_document() -> None:
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


def _index_document() -> None:
    op.create_index("one_document", "document", ["case_id", "digest"], unique=True)
    op.create_index("one_place", "document", ["case_id", "sequence"], unique=True)


def _create_step() -> None:
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


def _index_step() -> None:
    op.create_index("one_step", "step", ["campaign_id", "step_key"], unique=True)


def upgrade() -> None:
    """Create every table with its indexes."""
    _create_attempt()
    _index_attempt()
    _create_audit()
    _create_batch()
    _index_batch()
    _create_casefile()
    _index_casefile()
    _create_consent()
    _index_consent()
    _create_content()
    _index_content()
    _create_content_campaign()
    _create_delivery()
    _index_delivery()
    _create_do_not_contact()
    _create_event()
    _index_event()
    _create_exclusion()
    _create_inbox()
    _index_inbox()
    _create_instance()
    _create_letter()
    _create_message()
    _index_message()
    _create_organiser()
    _index_organiser()
    _create_provider_day()
    _create_provider_state()
    _create_raw_event()
    _index_raw_event()
    _create_receipt()
    _create_reply_part()
    _create_report()
    _index_report()
    _create_rhythm()
    _index_rhythm()
    _create_soft_bounce()
    _create_subscriber()
    _index_subscriber()
    _create_subscription()
    _index_subscription()
    _create_wave()
    _index_wave()
    _create_campaign()
    _index_campaign()
    _create_case_key()
    _index_case_key()
    _create_document()
    _index_document()
    _create_step()
    _index_step()


def downgrade() -> None:
    """Drop them again; their indexes go with them."""
    for table in (
        "step",
        "document",
        "case_key",
        "campaign",
        "wave",
        "subscription",
        "subscriber",
        "soft_bounce",
        "rhythm",
        "report",
        "reply_part",
        "receipt",
        "raw_event",
        "provider_state",
        "provider_day",
        "organiser",
        "message",
        "letter",
        "instance",
        "inbox",
        "exclusion",
        "event",
        "do_not_contact",
        "delivery",
        "content_campaign",
        "content",
        "consent",
        "casefile",
        "batch",
        "audit",
        "attempt",
    ):
        op.drop_table(table)
