"""When a message was taken up, and what gateways report of those sent.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

import knowledge.database

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.add_column(sa.Column("taken", knowledge.database.Moment(), nullable=True))
    op.create_table(
        "deliveries",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("message_id", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.String(length=100), nullable=False),
        sa.Column("at", knowledge.database.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "message_id"),
    )


def downgrade() -> None:
    op.drop_table("deliveries")
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.drop_column("taken")
