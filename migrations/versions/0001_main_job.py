"""The first version: every table of the main job, and the triggers that keep evidence as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "viewing_read",
    "bag_file",
    "viewing",
    "recording_file",
    "door_opened",
    "bag",
    "session_child",
    "recording",
    "meeting_instance",
    "evaluation",
    "door",
    "delivery",
    "video_session",
    "sign_in",
    "role",
    "relation",
    "message",
    "group_member",
    "consent_event",
    "check_record",
    "zoom_token",
    "zoom_event",
    "work",
    "terms",
    "step",
    "person",
    "install",
    "host_budget",
    "group",
    "cursor",
    "audit_payload",
    "audit",
    "anchor",
)
# Rows of these are only ever inserted. `zoom_event` lets one change through: its body becomes NULL when it is erased.
APPENDED = (
    "anchor", "audit", "consent_event", "delivery", "door_opened", "evaluation", "meeting_instance", "step", "terms",
    "viewing_read", "zoom_event",
)  # fmt: skip


def chosen(name: str, *values: str) -> sa.Enum:
    """An enumeration stored as its text, with a CHECK."""
    return sa.Enum(*values, native_enum=False, create_constraint=True, length=32, name=name)


def upgrade() -> None:
    create_tables()
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        guard_on_postgresql()
    else:
        guard_on_sqlite()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION zoomguard_refuse()")
        op.execute("DROP FUNCTION zoomguard_only_erase()")


def guard_on_sqlite() -> None:
    for table in APPENDED:
        unless = ""
        if table == "zoom_event":
            kept = "id, dedupe_key, event, event_at, received_at, number, uuid, body_sha256".split(", ")
            unchanged = " AND ".join(f"NEW.{c} IS OLD.{c}" for c in kept)
            unless = f"WHEN NOT (NEW.body IS NULL AND {unchanged})"
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {unless} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is only appended to'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is only appended to'); END"
        )


def guard_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION zoomguard_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE FUNCTION zoomguard_only_erase() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.body IS NULL AND (to_jsonb(NEW) - 'body') = (to_jsonb(OLD) - 'body') THEN RETURN NEW; END IF; "
        "RAISE EXCEPTION '% is only appended to', TG_TABLE_NAME; END $$"
    )
    for table in APPENDED:
        judge = "zoomguard_only_erase" if table == "zoom_event" else "zoomguard_refuse"
        op.execute(f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {judge}()")
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION zoomguard_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION zoomguard_refuse()"
        )


def create_tables() -> None:
    op.create_table(
        "anchor",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("signed", sa.LargeBinary(), nullable=False),
        sa.Column("put_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("s3_version_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_anchor"),
    )
    op.create_table(
        "audit",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("prev_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("payload_commit", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.UniqueConstraint("hash", name="uq_audit_hash"),
        sa.UniqueConstraint("prev_hash", name="uq_audit_prev_hash"),
    )
    op.create_table(
        "audit_payload",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_payload"),
    )
    op.create_table(
        "cursor",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_cursor"),
    )
    op.create_table(
        "group",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_group"),
        sa.UniqueConstraint("name", name="uq_group_name"),
    )
    op.create_table(
        "host_budget",
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("utc_day", sa.Date(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("host", "utc_day", name="pk_host_budget"),
    )
    op.create_table(
        "install",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("genesis", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("watch_from_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("key_check", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_install"),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", chosen("kind", "staff", "child", "guardian"), nullable=False),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("known_as", sa.String(), nullable=False),
        sa.Column("family_name", sa.String(), nullable=False),
        sa.Column("born_on", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("email_hash", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("kind", "email_hash", name="uq_person_kind_email_hash"),
        sa.UniqueConstraint("kind", "reference", name="uq_person_kind_reference"),
    )
    op.create_index("ix_person_email_hash", "person", ["email_hash"], unique=False)
    op.create_table(
        "step",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "state", chosen("state", "intended", "sent", "unknown", "done", "refused", "given_up"), nullable=False
        ),
        sa.Column("request_sha256", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_step"),
    )
    op.create_index("ix_step_subject_id", "step", ["subject_id"], unique=False)
    op.create_table(
        "terms",
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("adopted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_terms"),
    )
    op.create_table(
        "work",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("last_error_code", sa.String(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_work"),
    )
    op.create_index("ix_work_due", "work", ["kind", "due_at", "done_at"], unique=False)
    op.create_index(
        "uq_work_open",
        "work",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "zoom_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dedupe_key", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("event_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("body_sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_zoom_event"),
        sa.UniqueConstraint("dedupe_key", name="uq_zoom_event_dedupe_key"),
    )
    op.create_table(
        "zoom_token",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_zoom_token"),
    )
    op.create_table(
        "check_record",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("kind", chosen("kind", "training", "dbs", "policy_ack"), nullable=False),
        sa.Column("done_on", sa.Date(), nullable=True),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("evidence_ref", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_check_record_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_check_record"),
    )
    op.create_index("ix_check_record_person_id", "check_record", ["person_id"], unique=False)
    op.create_table(
        "consent_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("child_id", sa.String(), nullable=False),
        sa.Column("giver_id", sa.String(), nullable=False),
        sa.Column("scope", chosen("scope", "video_live", "video_record", "email", "publication"), nullable=False),
        sa.Column("type", chosen("type", "given", "refused", "withdrawn", "disputed"), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("valid_until_on", sa.Date(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("form_version", sa.String(), nullable=False),
        sa.Column("evidence_ref", sa.String(), nullable=False),
        sa.Column("verified_by", sa.String(), nullable=True),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["person.id"], name="fk_consent_event_child_id_person"),
        sa.ForeignKeyConstraint(["giver_id"], ["person.id"], name="fk_consent_event_giver_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_consent_event"),
    )
    op.create_index("ix_consent_event_child_id", "consent_event", ["child_id"], unique=False)
    op.create_index("ix_consent_event_content_hash", "consent_event", ["content_hash"], unique=False)
    op.create_table(
        "group_member",
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("child_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["person.id"], name="fk_group_member_child_id_person"),
        sa.ForeignKeyConstraint(["group_id"], ["group.id"], name="fk_group_member_group_id_group"),
        sa.PrimaryKeyConstraint("group_id", "child_id", name="pk_group_member"),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("to_person_id", sa.String(), nullable=False),
        sa.Column("template", sa.String(), nullable=False),
        sa.Column("template_version", sa.String(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("subject_line", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("not_before_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", chosen("state", "queued", "sent", "bounced", "dropped"), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["to_person_id"], ["person.id"], name="fk_message_to_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        sa.UniqueConstraint(
            "subject_id",
            "template",
            "to_person_id",
            "step",
            name="uq_message_subject_id_template_to_person_id_step",
        ),
    )
    op.create_index("ix_message_subject_id", "message", ["subject_id"], unique=False)
    op.create_index("ix_message_to_person_id", "message", ["to_person_id"], unique=False)
    op.create_table(
        "relation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("child_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parental_responsibility", sa.Boolean(), nullable=False),
        sa.Column("may_contact", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["person.id"], name="fk_relation_child_id_person"),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_relation_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_relation"),
        sa.UniqueConstraint("person_id", "child_id", name="uq_relation_person_id_child_id"),
    )
    op.create_index("ix_relation_child_id", "relation", ["child_id"], unique=False)
    op.create_index("ix_relation_person_id", "relation", ["person_id"], unique=False)
    op.create_table(
        "role",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column(
            "role",
            chosen(
                "role",
                "teacher",
                "observer",
                "reviewer",
                "coordinator",
                "dsl",
                "deputy",
                "leader",
                "data_lead",
                "monitor",
                "auditor",
                "operator",
            ),
            nullable=False,
        ),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_role_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_role"),
    )
    op.create_index("ix_role_person_id", "role", ["person_id"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("kind", chosen("kind", "cli", "browser"), nullable=False),
        sa.Column("issued_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_sign_in_person_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in"),
        sa.UniqueConstraint("token_sha256", name="uq_sign_in_token_sha256"),
    )
    op.create_index("ix_sign_in_person_id", "sign_in", ["person_id"], unique=False)
    op.create_table(
        "video_session",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("short_id", sa.String(), nullable=False),
        sa.Column(
            "state",
            chosen(
                "state",
                "planned",
                "requested",
                "created",
                "scheduled",
                "at_risk",
                "live",
                "ended",
                "accounted",
                "refused",
                "cancelled",
                "failed",
                "moving",
                "removing",
            ),
            nullable=False,
        ),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("teacher_id", sa.String(), nullable=False),
        sa.Column("observer_id", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("local_start", sa.String(), nullable=False),
        sa.Column("host_zoom_id", sa.String(), nullable=False),
        sa.Column("meeting_number", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("passcode", sa.String(), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("removal_reason", sa.String(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["observer_id"], ["person.id"], name="fk_video_session_observer_id_person"),
        sa.ForeignKeyConstraint(["teacher_id"], ["person.id"], name="fk_video_session_teacher_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_video_session"),
        sa.UniqueConstraint("idempotency_key", name="uq_video_session_idempotency_key"),
        sa.UniqueConstraint("short_id", name="uq_video_session_short_id"),
    )
    op.create_index("ix_video_session_meeting_number", "video_session", ["meeting_number"], unique=False)
    op.create_index("ix_video_session_observer_id", "video_session", ["observer_id"], unique=False)
    op.create_index("ix_video_session_starts_at", "video_session", ["starts_at"], unique=False)
    op.create_index("ix_video_session_state", "video_session", ["state"], unique=False)
    op.create_index("ix_video_session_teacher_id", "video_session", ["teacher_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name="fk_delivery_message_id_message"),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
    )
    op.create_index("ix_delivery_message_id", "delivery", ["message_id"], unique=False)
    op.create_table(
        "door",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("state", chosen("state", "open", "shut"), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_door_person_id_person"),
        sa.ForeignKeyConstraint(["session_id"], ["video_session.id"], name="fk_door_session_id_video_session"),
        sa.PrimaryKeyConstraint("id", name="pk_door"),
        sa.UniqueConstraint("token_sha256", name="uq_door_token_sha256"),
    )
    op.create_index("ix_door_session_id", "door", ["session_id"], unique=False)
    op.create_table(
        "evaluation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("occasion", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("findings", sa.String(), nullable=False),
        sa.Column("consent_event_ids", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["video_session.id"], name="fk_evaluation_session_id_video_session"),
        sa.PrimaryKeyConstraint("id", name="pk_evaluation"),
    )
    op.create_index("ix_evaluation_session_id", "evaluation", ["session_id"], unique=False)
    op.create_table(
        "meeting_instance",
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"], ["video_session.id"], name="fk_meeting_instance_session_id_video_session"
        ),
        sa.PrimaryKeyConstraint("uuid", name="pk_meeting_instance"),
    )
    op.create_index("ix_meeting_instance_session_id", "meeting_instance", ["session_id"], unique=False)
    op.create_table(
        "recording",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("short_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("uuid", sa.String(), nullable=False),
        sa.Column("meeting_number", sa.BigInteger(), nullable=False),
        sa.Column("host_id", sa.String(), nullable=False),
        sa.Column("state", chosen("state", "available", "copying", "archived"), nullable=False),
        sa.Column("retention_class", chosen("retention_class", "routine", "no_child", "unassigned"), nullable=False),
        sa.Column("retain_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_end_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("terms_version", sa.String(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("bags", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["video_session.id"], name="fk_recording_session_id_video_session"),
        sa.PrimaryKeyConstraint("id", name="pk_recording"),
        sa.UniqueConstraint("short_id", name="uq_recording_short_id"),
        sa.UniqueConstraint("uuid", name="uq_recording_uuid"),
    )
    op.create_index("ix_recording_session_id", "recording", ["session_id"], unique=False)
    op.create_table(
        "session_child",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("child_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("registrant_id", sa.String(), nullable=False),
        sa.Column("join_url", sa.String(), nullable=False),
        sa.Column("state", chosen("state", "added", "removed"), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["person.id"], name="fk_session_child_child_id_person"),
        sa.ForeignKeyConstraint(["session_id"], ["video_session.id"], name="fk_session_child_session_id_video_session"),
        sa.PrimaryKeyConstraint("session_id", "child_id", name="pk_session_child"),
        sa.UniqueConstraint("address", name="uq_session_child_address"),
    )
    op.create_index("ix_session_child_child_id", "session_child", ["child_id"], unique=False)
    op.create_table(
        "bag",
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retain_until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_bag_recording_id_recording"),
        sa.PrimaryKeyConstraint("recording_id", "number", name="pk_bag"),
    )
    op.create_table(
        "door_opened",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("door_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["door_id"], ["door.id"], name="fk_door_opened_door_id_door"),
        sa.PrimaryKeyConstraint("id", name="pk_door_opened"),
    )
    op.create_table(
        "recording_file",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("zoom_file_key", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("recording_type", sa.String(), nullable=False),
        sa.Column("zoom_size", sa.BigInteger(), nullable=True),
        sa.Column("recorded_from_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recorded_to_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("bag_number", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            chosen("state", "expected", "available", "copying", "copied", "verified", "missing"),
            nullable=False,
        ),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("s3_version_id", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("crc64nvme", sa.String(), nullable=False),
        sa.Column("downloaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error_code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_recording_file_recording_id_recording"),
        sa.PrimaryKeyConstraint("id", name="pk_recording_file"),
        sa.UniqueConstraint("key", name="uq_recording_file_key"),
        sa.UniqueConstraint("recording_id", "zoom_file_key", name="uq_recording_file_recording_id_zoom_file_key"),
    )
    op.create_index("ix_recording_file_recording_id", "recording_file", ["recording_id"], unique=False)
    op.create_table(
        "viewing",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column(
            "purpose",
            chosen("purpose", "qa_review", "transparency_complaint", "safeguarding", "dsar", "legal", "publication"),
            nullable=False,
        ),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_viewing_person_id_person"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_viewing_recording_id_recording"),
        sa.PrimaryKeyConstraint("id", name="pk_viewing"),
    )
    op.create_index("ix_viewing_recording_id", "viewing", ["recording_id"], unique=False)
    op.create_table(
        "bag_file",
        sa.Column("recording_id", sa.String(), nullable=False),
        sa.Column("bag_number", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("s3_version_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id", "bag_number"],
            ["bag.recording_id", "bag.number"],
            name="fk_bag_file_recording_id_bag_number_bag",
        ),
        sa.PrimaryKeyConstraint("recording_id", "bag_number", "path", name="pk_bag_file"),
    )
    op.create_table(
        "viewing_read",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("viewing_id", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("stop", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["viewing_id"], ["viewing.id"], name="fk_viewing_read_viewing_id_viewing"),
        sa.PrimaryKeyConstraint("id", name="pk_viewing_read"),
    )
    op.create_index("ix_viewing_read_viewing_id", "viewing_read", ["viewing_id"], unique=False)
