"""The whole path against those who want what is not theirs: understood however it may be, no private name comes out."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app import Service
from bot.messages import Address, Message
from config import Settings
from knowledge.service_tables import Audit
from knowledge.tables import Relief, Resident, ToiletRepair
from tests.bot.test_disclosure import LISTS, PERSONS, REPAIRS
from tests.conftest import NOW

VILLAGE = "130283116217"


@pytest.fixture(scope="module")
def service(pack: Engine) -> Service:
    return Service(Settings(today=NOW.date(), database_url="sqlite://"), pack)


@pytest.fixture(scope="module")
def private(pack: Engine) -> set[str]:
    """The householders on the village's lists."""
    with Session(pack) as session:
        names = set(session.scalars(select(Relief.head).where(Relief.place == VILLAGE)))
        return names | set(session.scalars(select(ToiletRepair.head).where(ToiletRepair.place == VILLAGE)))


@pytest.fixture(scope="module")
def elsewhere(pack: Engine) -> str:
    """The number of a resident of another village."""
    with Session(pack) as session:
        found = session.scalar(select(Resident.phone).where(Resident.place != VILLAGE).order_by(Resident.id))
        assert found
        return found


@pytest.mark.parametrize("asker", ["stranger", "elsewhere", "claims the village"])
def test_no_private_name_comes_out(service: Service, private: set[str], elsewhere: str, asker: str) -> None:
    told = []
    for number, text in enumerate((*LISTS, *PERSONS, *REPAIRS)):
        message = Message(
            Address("test", f"{asker} {number}"),
            text,
            service.settings.now(),
            village=VILLAGE if asker == "claims the village" else None,
            resident=elsewhere if asker == "elsewhere" else None,
        )
        reply = service.assistant.answer(message)
        said = reply.text + "".join(f"{fact.subject}{fact.value}" for fact in reply.facts)
        told += [(text, name, reply.headline) for name in private if name in said and name not in text]
    assert not told, told


def test_a_refusal_stands_in_the_audit_log(service: Service, pack: Engine) -> None:
    with Session(pack) as session:
        before = session.scalar(select(func.count()).select_from(Audit)) or 0
    for number, text in enumerate(("万宝沟村低保名单", "万宝沟村崔翠莲是不是低保户", "万宝沟村王燕家的厕所修好没")):
        reply = service.assistant.answer(Message(Address("test", f"audit {number}"), text, service.settings.now()))
        assert reply.intent == "denied", (text, reply.headline)
    with Session(pack) as session:
        rows = session.scalars(select(Audit).order_by(Audit.id)).all()
        assert len(rows) == before + 3
        assert all("audit" not in row.sender for row in rows)


def test_a_resident_sees_the_list_masked(service: Service, private: set[str], pack: Engine) -> None:
    with Session(pack) as session:
        phone = session.scalar(select(Resident.phone).where(Resident.place == VILLAGE))
    message = Message(Address("sms", str(phone)), "我们村低保户都有谁", service.settings.now(), resident=phone)
    reply = service.assistant.answer(message)
    assert "*" in reply.headline
    assert not [name for name in private if name in reply.text]
