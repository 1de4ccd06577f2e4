"""Pictures that came with text messages.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from knowledge.database import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sms_pictures",
        sa.Column("sender", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.String(length=100), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("received", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("sender", "message_id", "position"),
    )


def downgrade() -> None:
    op.drop_table("sms_pictures")
