"""WeChat: the shared access token, what was sent in beside texts, what goes out late.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

import knowledge.database

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wechat_tokens",
        sa.Column("app_id", sa.String(length=40), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("lapses", knowledge.database.Moment(), nullable=True),
        sa.Column("taken", knowledge.database.Moment(), nullable=True),
        sa.PrimaryKeyConstraint("app_id"),
    )
    op.create_table(
        "wechat_kept",
        sa.Column("openid", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("media_id", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("latitude", sa.String(length=20), nullable=False),
        sa.Column("longitude", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("received", knowledge.database.Moment(), nullable=False),
        sa.PrimaryKeyConstraint("openid", "message_id"),
    )
    op.create_table(
        "wechat_outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("openid", sa.String(length=100), nullable=False),
        sa.Column("message_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due", knowledge.database.Moment(), nullable=False),
        sa.Column("at", knowledge.database.Moment(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("openid", "message_id", "kind"),
    )
    with op.batch_alter_table("wechat_outbox", schema=None) as batch_op:
        batch_op.create_index("wechat_outbox_due", ["state", "due"], unique=False)


def downgrade() -> None:
    op.drop_table("wechat_outbox")
    op.drop_table("wechat_kept")
    op.drop_table("wechat_tokens")
