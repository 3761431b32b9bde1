"""The archive that proves itself: incidents, files that are still expected, when a bag was looked at last.

A recording no longer needs its session's row: the index can be made again from the bags alone.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KINDS = (
    "recording_missing",
    "file_missing",
    "copy_overdue",
    "content_changed",
    "host_unknown",
    "recording_outside",
    "gone_at_zoom",
    "object_missing",
    "object_differs",
    "bag_differs",
    "bag_not_whole",
    "extra_version",
    "delete_marker",
    "lock_missing",
    "legal_hold",
    "tags_changed",
    "unknown_object",
    "foreign_upload",
)
# SQLite makes a table anew to alter it, and its checks are not read from the old one.
CHECKS = {
    "recording": {
        "state": ("available", "copying", "archived"),
        "retention_class": ("routine", "no_child", "unassigned"),
    },
    "recording_file": {"state": ("expected", "available", "copying", "copied", "verified", "missing")},
}
SESSION = "fk_recording_session_id_video_session"
# S3 sorts keys by their bytes; so does SQLite, PostgreSQL only under this collation.
BYTES = sa.String(collation="C")


def moment() -> sa.DateTime:
    """An aware moment."""
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    create_incidents()
    guard("incident_event")
    with op.batch_alter_table("recording", table_args=checks("recording")) as batch:
        batch.drop_constraint(SESSION, type_="foreignkey")
    with op.batch_alter_table("recording_file", table_args=checks("recording_file")) as batch:
        batch.alter_column("key", existing_type=sa.String(), nullable=True)
        batch.add_column(sa.Column("seen_at", moment(), nullable=True))
        batch.add_column(sa.Column("failing_since_at", moment(), nullable=True))
    op.add_column("bag", sa.Column("checked_at", moment(), nullable=True))
    op.add_column("bag", sa.Column("rehashed_at", moment(), nullable=True))
    collate(BYTES)
    op.create_index("ix_bag_prefix", "bag", ["prefix"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_bag_prefix", table_name="bag")
    collate(sa.String())
    op.drop_column("bag", "rehashed_at")
    op.drop_column("bag", "checked_at")
    op.execute("UPDATE recording_file SET key = id WHERE key IS NULL")
    with op.batch_alter_table("recording_file", table_args=checks("recording_file")) as batch:
        batch.drop_column("failing_since_at")
        batch.drop_column("seen_at")
        batch.alter_column("key", existing_type=sa.String(), nullable=False)
    with op.batch_alter_table("recording", table_args=checks("recording")) as batch:
        batch.create_foreign_key(SESSION, "video_session", ["session_id"], ["id"])
    op.drop_table("incident_event")
    op.drop_table("incident")


def checks(table: str) -> tuple[sa.CheckConstraint, ...]:
    """The checks of a table, to be made anew with it."""
    if op.get_bind().dialect.name != "sqlite":
        return ()
    return tuple(
        sa.CheckConstraint(f"{name} IN ({', '.join(repr(v) for v in values)})", name=name)
        for name, values in CHECKS[table].items()
    )


def guard(table: str) -> None:
    """Rows of this table are never changed and never deleted."""
    if op.get_bind().dialect.name == "sqlite":
        for act in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is only appended to'); END"
            )
        return
    for act, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION zoomguard_refuse()"
        )


def collate(kind: sa.String) -> None:
    """How PostgreSQL compares the prefixes of bags."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("bag", "prefix", existing_type=sa.String(), type_=kind)


def create_incidents() -> None:
    kind = sa.Enum(*KINDS, native_enum=False, create_constraint=True, length=32, name="kind")
    op.create_table(
        "incident",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("short_id", sa.String(), nullable=False),
        sa.Column("kind", kind, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("recording_id", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("opened_at", moment(), nullable=False),
        sa.Column("closed_at", moment(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
        sa.UniqueConstraint("short_id", name="uq_incident_short_id"),
    )
    for name in ("subject", "session_id", "recording_id"):
        op.create_index(f"ix_incident_{name}", "incident", [name], unique=False)
    op.create_index(
        "uq_incident_open",
        "incident",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "incident_event",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("incident_id", sa.String(), nullable=False),
        sa.Column("at", moment(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_incident_event_incident_id_incident"),
        sa.PrimaryKeyConstraint("id", name="pk_incident_event"),
    )
    op.create_index("ix_incident_event_incident_id", "incident_event", ["incident_id"], unique=False)
