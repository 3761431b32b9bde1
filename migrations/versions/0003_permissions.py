"""The office's chase list, and on what a word about contact rests."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("relation", sa.Column("evidence_ref", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "permission_wanted",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("child_id", sa.String(), nullable=False),
        sa.Column("teacher_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["child_id"], ["person.id"], name="fk_permission_wanted_child_id_person"),
        sa.ForeignKeyConstraint(["teacher_id"], ["person.id"], name="fk_permission_wanted_teacher_id_person"),
        sa.PrimaryKeyConstraint("id", name="pk_permission_wanted"),
        sa.UniqueConstraint(
            "child_id",
            "teacher_id",
            "starts_at",
            "session_id",
            name="uq_permission_wanted_child_id_teacher_id_starts_at_session_id",
        ),
    )
    op.create_index("ix_permission_wanted_starts_at", "permission_wanted", ["starts_at"], unique=False)


def downgrade() -> None:
    op.drop_table("permission_wanted")
    op.drop_column("relation", "evidence_ref")
