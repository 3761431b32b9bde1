"""Scheduling as people do it: changes under way, observers who answer, batches, calendar entries in mails."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("batch_row", "batch", "observer_ask", "session_reserve")


def moment() -> sa.DateTime:
    """An aware moment."""
    return sa.DateTime(timezone=True)


def text(name: str) -> sa.Column:
    """A text that is empty in the rows that are there."""
    return sa.Column(name, sa.String(), nullable=False, server_default="")


def number(name: str) -> sa.Column:
    """A count that is 0 in the rows that are there."""
    return sa.Column(name, sa.Integer(), nullable=False, server_default="0")


def chosen(name: str, *values: str) -> sa.Enum:
    """An enumeration stored as its text, with a CHECK."""
    return sa.Enum(*values, native_enum=False, create_constraint=True, length=32, name=name)


def added() -> dict[str, tuple[sa.Column, ...]]:
    """New columns of tables that are there; made afresh, since a column belongs to one table."""
    return {
        "video_session": (
            sa.Column("batch_id", sa.String(), nullable=True),
            sa.Column("pool", sa.Boolean(), nullable=False, server_default=sa.false()),
            sa.Column("accepted_at", moment(), nullable=True),
            text("change"),
            text("changed_by"),
            text("change_note"),
            sa.Column("next_teacher_id", sa.String(), nullable=True),
            sa.Column("next_observer_id", sa.String(), nullable=True),
            sa.Column("next_starts_at", moment(), nullable=True),
            sa.Column("next_minutes", sa.Integer(), nullable=True),
            text("next_zone"),
            text("next_local_start"),
            number("sequence"),
            number("repairs"),
            text("risk"),
            sa.Column("direct_at", moment(), nullable=True),
        ),
        "door": (text("token"),),
        "message": (
            text("calendar"),
            text("calendar_method"),
            sa.Column("audience", sa.String(), nullable=False, server_default="guardian"),
            text("reason"),
            text("awaits"),
        ),
    }


def upgrade() -> None:
    for table, columns in added().items():
        for column in columns:
            op.add_column(table, column)
    create_observers()
    create_batches()


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    for table, columns in added().items():
        for column in reversed(columns):
            op.drop_column(table, column.name)


def create_observers() -> None:
    op.create_table(
        "session_reserve",
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_session_reserve_person_id_person"),
        sa.ForeignKeyConstraint(
            ["session_id"], ["video_session.id"], name="fk_session_reserve_session_id_video_session"
        ),
        sa.PrimaryKeyConstraint("session_id", "person_id", name="pk_session_reserve"),
    )
    op.create_table(
        "observer_ask",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("kind", chosen("kind", "assigned", "reserve", "pool"), nullable=False),
        sa.Column("token_sha256", sa.String(), nullable=False),
        sa.Column("state", chosen("state", "open", "accepted", "declined", "covered", "ended"), nullable=False),
        sa.Column("asked_at", moment(), nullable=False),
        sa.Column("answered_at", moment(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name="fk_observer_ask_person_id_person"),
        sa.ForeignKeyConstraint(["session_id"], ["video_session.id"], name="fk_observer_ask_session_id_video_session"),
        sa.PrimaryKeyConstraint("id", name="pk_observer_ask"),
        sa.UniqueConstraint("token_sha256", name="uq_observer_ask_token_sha256"),
    )
    op.create_index("ix_observer_ask_session_id", "observer_ask", ["session_id"], unique=False)
    op.create_index("ix_observer_ask_person_id", "observer_ask", ["person_id"], unique=False)


def create_batches() -> None:
    op.create_table(
        "batch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", moment(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("ended_at", moment(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_batch"),
        sa.UniqueConstraint("key", name="uq_batch_key"),
    )
    outcomes = ("waiting", "created", "planned", "unchanged", "refused", "failed", "skipped")
    op.create_table(
        "batch_row",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("batch_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("ask", sa.String(), nullable=False),
        sa.Column("starts_at", moment(), nullable=True),
        sa.Column("outcome", chosen("outcome", *outcomes), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("remedy", sa.String(), nullable=False),
        sa.Column("findings", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name="fk_batch_row_batch_id_batch"),
        sa.ForeignKeyConstraint(["session_id"], ["video_session.id"], name="fk_batch_row_session_id_video_session"),
        sa.PrimaryKeyConstraint("id", name="pk_batch_row"),
        sa.UniqueConstraint("batch_id", "position", name="uq_batch_row_batch_id_position"),
    )
    op.create_index("ix_batch_row_batch_id", "batch_row", ["batch_id"], unique=False)
