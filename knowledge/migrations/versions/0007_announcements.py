"""Announcements, their staff, groups of people and loudspeakers; deliveries in the outbox know their announcement.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

import knowledge.database

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('announcements',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('identifier', sa.String(length=100), nullable=False),
    sa.Column('title', sa.String(length=60), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('short', sa.Text(), nullable=False),
    sa.Column('category', sa.String(length=20), nullable=False),
    sa.Column('urgency', sa.String(length=10), nullable=False),
    sa.Column('publisher', sa.String(length=60), nullable=False),
    sa.Column('places', sa.JSON(), nullable=False),
    sa.Column('groups', sa.JSON(), nullable=False),
    sa.Column('outlets', sa.JSON(), nullable=False),
    sa.Column('hours', sa.JSON(), nullable=False),
    sa.Column('confirm', sa.Boolean(), nullable=False),
    sa.Column('starts', knowledge.database.Moment(), nullable=False),
    sa.Column('ends', knowledge.database.Moment(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('author', sa.String(length=40), nullable=False),
    sa.Column('created', knowledge.database.Moment(), nullable=False),
    sa.Column('changed', knowledge.database.Moment(), nullable=False),
    sa.Column('approver', sa.String(length=40), nullable=False),
    sa.Column('approved', knowledge.database.Moment(), nullable=True),
    sa.Column('ended', knowledge.database.Moment(), nullable=True),
    sa.Column('replaces', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('alert', sa.JSON(), nullable=True),
    sa.Column('cursor', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('spread', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['replaces'], ['announcements.id']),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('identifier')
    )
    op.create_index('announcements_state', 'announcements', ['state', 'starts'])
    op.create_table('group_members',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('person', sa.String(length=100), nullable=False),
    sa.PrimaryKeyConstraint('name', 'person')
    )
    op.create_table('speakers',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('place', sa.String(length=12), nullable=False),
    sa.Column('secret', sa.String(length=64), nullable=False),
    sa.Column('since', knowledge.database.Moment(), nullable=False),
    sa.Column('seen', knowledge.database.Moment(), nullable=True),
    sa.Column('about', sa.JSON(), nullable=False),
    sa.Column('silent', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_index('ix_speakers_place', 'speakers', ['place'])
    op.create_table('staff',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('role', sa.String(length=10), nullable=False),
    sa.Column('place', sa.String(length=12), nullable=False),
    sa.Column('since', knowledge.database.Moment(), nullable=False),
    sa.Column('until', knowledge.database.Moment(), nullable=True),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('acknowledgements',
    sa.Column('announcement', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person', sa.String(length=100), nullable=False),
    sa.Column('what', sa.String(length=10), nullable=False),
    sa.Column('channel', sa.String(length=20), nullable=False),
    sa.Column('at', knowledge.database.Moment(), nullable=False),
    sa.ForeignKeyConstraint(['announcement'], ['announcements.id']),
    sa.PrimaryKeyConstraint('announcement', 'person', 'what')
    )
    op.create_table('announcement_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('announcement', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', knowledge.database.Moment(), nullable=False),
    sa.Column('who', sa.String(length=40), nullable=False),
    sa.Column('what', sa.String(length=20), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['announcement'], ['announcements.id']),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_index('ix_announcement_events_announcement', 'announcement_events', ['announcement'])
    op.create_table('speaker_plays',
    sa.Column('speaker', sa.String(length=40), nullable=False),
    sa.Column('announcement', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('began', knowledge.database.Moment(), nullable=False),
    sa.Column('seconds', sa.Integer(), nullable=False),
    sa.Column('result', sa.String(length=40), nullable=False),
    sa.Column('told', knowledge.database.Moment(), nullable=False),
    sa.ForeignKeyConstraint(['announcement'], ['announcements.id']),
    sa.ForeignKeyConstraint(['speaker'], ['speakers.name']),
    sa.PrimaryKeyConstraint('speaker', 'announcement', 'began')
    )
    op.add_column('outbox', sa.Column('announcement', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
    op.add_column('outbox', sa.Column('person', sa.String(length=100), nullable=False, server_default=sa.text("''")))
    op.add_column('outbox', sa.Column('place', sa.String(length=12), nullable=False, server_default=sa.text("''")))
    op.add_column('outbox', sa.Column('followed', sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index('outbox_announcement', 'outbox', ['announcement', 'state'])
    op.drop_index("outbox_next", "outbox")
    for name, columns, where in (
        ("outbox_queued", ["channel", "rank", "due", "id"], "state = 'queued'"),
        ("outbox_sending", ["gateway", "taken"], "state = 'sending'"),
        ("outbox_sent", ["gateway", "id"], "state = 'sent'"),
        ("outbox_failed", ["followed", "id"], "state = 'failed' AND announcement IS NOT NULL"),
        ("outbox_wechat", ["address"], "channel = 'wechat'"),
    ):
        op.create_index(name, "outbox", columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))
    if op.get_bind().dialect.name == "postgresql":
        # a queue leaves a dead row for each step of a message: vacuumed by their number, not their share of the table
        op.execute("ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000)")


def downgrade() -> None:
    for name in ("outbox_wechat", "outbox_failed", "outbox_sent", "outbox_sending", "outbox_queued"):
        op.drop_index(name, "outbox")
    op.create_index("outbox_next", "outbox", ["channel", "state", "rank", "due", "id"])
    op.drop_index('outbox_announcement', table_name='outbox')
    op.drop_column('outbox', 'followed')
    op.drop_column('outbox', 'place')
    op.drop_column('outbox', 'person')
    op.drop_column('outbox', 'announcement')
    op.drop_table('speaker_plays')
    op.drop_index('ix_announcement_events_announcement', table_name='announcement_events')
    op.drop_table('announcement_events')
    op.drop_table('acknowledgements')
    op.drop_table('staff')
    op.drop_index('ix_speakers_place', table_name='speakers')
    op.drop_table('speakers')
    op.drop_table('group_members')
    op.drop_index('announcements_state', table_name='announcements')
    op.drop_table('announcements')
