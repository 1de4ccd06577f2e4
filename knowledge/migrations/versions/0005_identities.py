"""One person, many doors: preferences, linked addresses, one-time codes, proven browsers, what is done only so often.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from knowledge.database import Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("key", sa.String(length=130), nullable=False),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("favourite", sa.String(length=20), nullable=False),
        sa.Column("touched", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "doors",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("address", sa.String(length=100), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("since", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "address"),
    )
    op.create_index("ix_doors_number", "doors", ["number"])
    op.create_table(
        "codes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("holder", sa.String(length=130), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("salt", sa.String(length=32), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("issued", Moment(), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used", Moment(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("codes_holder", "codes", ["holder", "id"])
    op.create_index("codes_number", "codes", ["number", "issued"])
    op.create_table(
        "proofs",
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=100), nullable=False),
        sa.Column("expires", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("token"),
    )
    op.create_index("ix_proofs_number", "proofs", ["number"])
    op.create_table(
        "turns",
        sa.Column("key", sa.String(length=130), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_turns_at", "turns", ["at"])


def downgrade() -> None:
    for table in ("turns", "proofs", "codes", "doors", "people"):
        op.drop_table(table)
