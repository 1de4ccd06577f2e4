"""The tables of gammu-smsd that we read and write, with the columns that we need: version 17 of its schema."""

from __future__ import annotations

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, create_engine, make_url
from sqlalchemy.dialects.postgresql import BOOLEAN

_text, _flag = String(), String().with_variant(BOOLEAN(), "postgresql")
_part = ("Coding", "UDH", "Text", "TextDecoded")
_tables = MetaData()

INBOX = Table(
    "inbox",
    _tables,
    Column("ID", Integer, primary_key=True),
    *(Column(name, _text) for name in ("SenderNumber", "ReceivingDateTime", *_part)),
    Column("Processed", _flag),
)
OUTBOX = Table(
    "outbox",
    _tables,
    Column("ID", Integer, primary_key=True),
    *(Column(name, _text) for name in ("DestinationNumber", "CreatorID", "DeliveryReport", *_part)),
    Column("MultiPart", _flag),
)
MULTIPART = Table(
    "outbox_multipart",
    _tables,
    *(Column(name, Integer) for name in ("ID", "SequencePosition")),
    *(Column(name, _text) for name in _part),
)
SENT = Table("sentitems", _tables, Column("ID", Integer), *(Column(name, _text) for name in ("CreatorID", "Status")))


def flags(engine: Engine) -> tuple[bool | str, bool | str]:
    """Yes and no, as smsd writes them into this kind of database."""
    return (True, False) if engine.dialect.name == "postgresql" else ("true", "false")


def connect(url: str) -> Engine:
    """An engine for smsd's database. Raises ValueError for one that is not served."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True)
    if parsed.get_backend_name() == "sqlite":
        return create_engine(parsed, connect_args={"timeout": 30}, hide_parameters=True)
    raise ValueError("gammu_database_url: use sqlite:///… or postgresql://…, the databases that smsd shares with us")
