"""Messages on their way out, and how fast each gateway may be given them.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

import knowledge.database

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=True),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("cost", knowledge.database.Fixed(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due", knowledge.database.Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("uncertain", sa.Integer(), nullable=False),
        sa.Column("taken", knowledge.database.Moment(), nullable=True),
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("created", knowledge.database.Moment(), nullable=False),
        sa.Column("sent", knowledge.database.Moment(), nullable=True),
        sa.Column("ended", knowledge.database.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("outbox_next", "outbox", ["channel", "state", "rank", "due", "id"])
    op.create_table(
        "paces",
        sa.Column("gateway", sa.String(length=20), nullable=False),
        sa.Column("free", knowledge.database.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("gateway"),
    )


def downgrade() -> None:
    op.drop_table("paces")
    op.drop_index("outbox_next", "outbox")
    op.drop_table("outbox")
