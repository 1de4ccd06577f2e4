"""What the service remembers of what it could not answer."""

from datetime import timedelta

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from knowledge import memory
from tests.conftest import NOW


def test_unanswered_messages_that_read_alike_are_one_group(engine: Engine) -> None:
    said = ["化肥多少钱一袋", "化肥多少钱一袋", "化肥多少钱一袋？", "一袋化肥多少钱", "宽带怎么装", "？？？"]
    with Session(engine) as session:
        for number, text in enumerate(said):
            memory.note_unanswered(session, text, "not_understood", "", NOW + timedelta(minutes=number))
        session.flush()
        groups = memory.unanswered(session)
    assert (groups[0].example, groups[0].count) == ("化肥多少钱一袋", 4)
    assert groups[0].others == ("一袋化肥多少钱", "化肥多少钱一袋？")
    assert groups[0].last == NOW + timedelta(minutes=3)
    assert {group.example for group in groups[1:]} == {"宽带怎么装", "？？？"}


def test_the_limit_keeps_the_most_frequent(session: Session) -> None:
    for text in ("甲乙丙", "丁戊己", "丁戊己"):
        memory.note_unanswered(session, text, "not_understood", "", NOW)
    session.flush()
    assert [group.example for group in memory.unanswered(session, limit=1)] == ["丁戊己"]
