"""How a conversation goes, whatever understands it and whatever answers: the parser here is a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, sessionmaker

from bot.assistant import Assistant
from bot.conversation import TOPIC_LASTS, State, dump, load
from bot.messages import Address, Choice, Fact, Message, Reply
from bot.skills import smalltalk
from bot.skills.base import Context, Skill
from bot.understanding.query import Period, Query
from knowledge.places import Places
from knowledge.service_tables import Audit, Unanswered
from knowledge.tables import Alert, Resident, Source
from tests.conftest import NOW
from tests.support import unsupported

WANBAOGOU = "130283116217"
LIUZHUANGZI = ("130283108221", "130283110218")
JUNE = Period(date(2026, 6, 1), date(2026, 6, 30), "month", "6月")
MAY = Period(date(2026, 5, 1), date(2026, 5, 31), "month", "5月")


def query(intent: str, confidence: float = 1.0, alternatives: tuple[Any, ...] = (), **slots: Any) -> Query:
    return Query(intent, slots, confidence, intent, alternatives)  # type: ignore[arg-type]


class Table:
    """Parses by looking the text up; unknown text is no question at all."""

    def __init__(self, rows: dict[str, list[Query]]) -> None:
        self.rows = rows
        self.names: list[Any] = []

    def parse(self, text: str, today: date) -> list[Query]:
        return self.rows.get(text, [])

    def with_names(self, names: Any) -> Table:
        self.names.append(names)
        return self


def price(query: Query, ctx: Context) -> Reply:
    said = query.slots.get("period")
    fact = Fact("均价", Decimal("1.17"), "元/斤", query.slots["commodity"], as_of=ctx.today, source="农业农村局")
    return Reply(
        f"{query.slots['commodity']}{query.slots.get('market', '')}{said.said if said else ''}1.17元/斤",
        ("一", "二"), (fact,),
    )  # fmt: skip


def accounts(query: Query, ctx: Context) -> Reply:
    said = query.slots.get("period")
    return Reply(
        f"{ctx.places.full_name(query.slots['village'])}{said.said if said else ''}{query.slots.get('subject', '')}"
    )


def listed(query: Query, ctx: Context) -> Reply:
    if ctx.asker.may_see(query.slots["village"]):
        return Reply("名单")
    return Reply("只能告诉本村人", intent="denied")


def choosing(query: Query, ctx: Context) -> Reply:
    return Reply("哪个？", choices=(Choice("玉米", "玉米价"), Choice("花生", "花生价")))


def office(query: Query, ctx: Context) -> Reply:
    return Reply(f"{ctx.places.full_name(query.slots['town'])}上班时间")


def notice(query: Query, ctx: Context) -> Reply:
    return Reply("停电通知", facts=(Fact("通知", "停电", source="政府办"),))


SKILLS = {
    "office": Skill(office, "办公", keeps=("town",)),
    "price_latest": Skill(price, "价格", keeps=("commodity", "market", "period")),
    "finance_total": Skill(accounts, "收支", needs=("village",), keeps=("village", "period", "subject")),
    "notice": Skill(notice, "通知", dataset="notices"),
    "relief_list": Skill(listed, "名单", needs=("village",), keeps=("village",)),
    "choosing": Skill(choosing, "选", keeps=("commodity",)),
    "out_of_scope": Skill(smalltalk.out_of_scope, "别的"),
    "thanks": Skill(smalltalk.thanks, "谢"),
}

ROWS = {
    "有啥通知": [query("notice")],
    "上月有啥通知": [query("notice", period=MAY)],
    "我们镇几点办公": [query("office", own_town=True)],
    "去趟我们镇不易扣庄几点办公": [query("office", own_town=True, town="130283114")],
    "玉米价": [query("price_latest", commodity="玉米")],
    "啥价": [query("price_latest")],
    "花生价": [query("price_latest", commodity="花生")],
    "那花生呢": [query("follow_up", 0.2, commodity="花生")],
    "上月呢": [query("follow_up", 0.2, period=MAY)],
    "我们村花多少": [query("finance_total", own_village=True, period=JUNE, subject="水电费")],
    "花多少": [query("finance_total", period=JUNE)],
    "万宝沟花多少": [query("finance_total", village=WANBAOGOU)],
    "刘庄子花多少": [query("finance_total", villages=LIUZHUANGZI)],
    "天气": [query("out_of_scope")],
    "谢谢": [query("thanks")],
    "再说一遍": [query("repeat")],
    "详细点": [query("detail")],
    "不对": [query("deny")],
    "吃低保的": [query("relief_list", own_village=True)],
    "万宝沟吃低保的": [query("relief_list", village=WANBAOGOU)],
    "滦州花多少": [query("finance_total", unknown_place="滦州")],
    "玉米": [query("price_latest", 0.3, (("finance_total", 0.25),), commodity="玉米")],
    "棒子多些": [
        replace(query("price_latest", 0.55, commodity="玉米"), others=(query("finance_total", 0.4, village=WANBAOGOU),))
    ],
    "棒子吗": [query("price_latest", 0.6, commodity="玉米")],
    "嘟嘟": [query("price_latest", 0.1)],
    "玉米价还有花生价": [query("price_latest", commodity="玉米"), query("price_latest", commodity="花生")],
    "选": [query("choosing")],
}

Chat = Callable[..., Reply]


@pytest.fixture
def clock() -> dict[str, Any]:
    return {"now": NOW}


@pytest.fixture
def chat(sqlite_engine: Engine, gazetteer: Places, clock: dict[str, Any]) -> Chat:
    assistant = Assistant(
        sessionmaker(sqlite_engine, expire_on_commit=False), Table(ROWS), SKILLS, gazetteer, lambda: clock["now"],
        names=lambda session, places: {}, version=lambda session: "1",
    )  # fmt: skip

    def say(text: str, sender: str = "a", **more: Any) -> Reply:
        return assistant.answer(Message(Address("test", sender), text, clock["now"], **more))

    return say


def register(engine: Engine, phone: str, *villages: str) -> None:
    with Session(engine) as session:
        source = Source(dataset="residents", department="政府办", file="f", imported=NOW)
        session.add(source)
        session.flush()
        for row, village in enumerate(villages):
            session.add(
                Resident(
                    key=f"{phone}{row}", digest="", source_id=source.id, source_row=row, phone=phone, place=village
                )
            )
        session.commit()


def test_a_follow_up_keeps_what_it_does_not_change(chat: Chat) -> None:
    assert chat("玉米价").headline == "玉米1.17元/斤"
    assert chat("那花生呢").headline == "花生1.17元/斤"
    assert chat("上月呢").headline == "花生5月1.17元/斤"


def test_a_new_topic_does_not_inherit_the_period(chat: Chat) -> None:
    chat("万宝沟花多少")
    chat("上月呢")
    assert chat("玉米价").headline == "玉米1.17元/斤"


def test_a_topic_is_forgotten_after_a_while(chat: Chat, clock: dict[str, Any]) -> None:
    chat("玉米价")
    clock["now"] = NOW + TOPIC_LASTS + timedelta(seconds=1)
    assert "没听明白" in chat("那花生呢").headline


def test_one_senders_topic_is_not_anothers(chat: Chat) -> None:
    chat("玉米价", "a")
    assert "没听明白" in chat("那花生呢", "b").headline


def test_a_missing_village_is_asked_once_and_remembered(chat: Chat, clock: dict[str, Any]) -> None:
    asked = chat("我们村花多少")
    assert "哪个村" in asked.headline
    assert chat("五重安镇万宝沟村").headline == "五重安镇万宝沟村6月水电费"
    clock["now"] = NOW + timedelta(days=3)
    assert chat("花多少").headline == "五重安镇万宝沟村6月"


def test_namesakes_are_asked_apart_by_number_or_town(chat: Chat) -> None:
    for answer in ("2", "２", "二", "沙河驿镇", "沙河驿"):
        asked = chat("刘庄子花多少")
        assert [choice.label for choice in asked.choices] == ["蔡园镇刘庄子村", "沙河驿镇刘庄子村"]
        assert "蔡园镇" in asked.headline
        assert chat(answer).headline == "沙河驿镇刘庄子村"


def test_a_number_out_of_range_is_asked_again(chat: Chat) -> None:
    chat("刘庄子花多少")
    assert "1到2" in chat("7").headline
    assert chat("1").headline == "蔡园镇刘庄子村"


def test_another_question_leaves_ours_behind(chat: Chat) -> None:
    chat("刘庄子花多少")
    assert chat("玉米价").headline == "玉米1.17元/斤"
    assert "没听明白" in chat("2").headline


def test_a_namesake_that_is_the_senders_own_village_is_not_asked(chat: Chat, sqlite_engine: Engine) -> None:
    register(sqlite_engine, "19900000001", LIUZHUANGZI[1])
    assert chat("刘庄子花多少", resident="19900000001").headline == "沙河驿镇刘庄子村"


def test_only_a_proven_number_opens_the_village_scope(chat: Chat, sqlite_engine: Engine) -> None:
    register(sqlite_engine, "19900000001", WANBAOGOU)
    assert chat("吃低保的", "r", resident="19900000001").headline == "名单"
    assert chat("吃低保的", "s", village="万宝沟村").headline == "只能告诉本村人"
    assert chat("吃低保的", "19900000001", village="万宝沟村").headline == "只能告诉本村人"
    assert chat("万宝沟吃低保的", "t", resident="19900000009").headline == "只能告诉本村人"
    with Session(sqlite_engine) as session:
        refused = session.scalars(select(Audit)).all()
        assert len(refused) == 3
        assert all("19900000001" not in row.sender + row.detail for row in refused)


def test_one_phone_of_two_villages_is_asked_which(chat: Chat, sqlite_engine: Engine) -> None:
    register(sqlite_engine, "19900000001", WANBAOGOU, LIUZHUANGZI[0])
    assert len(chat("我们村花多少", resident="19900000001").choices) == 2
    assert chat("1", resident="19900000001").headline == "五重安镇万宝沟村6月水电费"


def test_a_place_that_is_none_of_ours_is_declined_and_noted(chat: Chat, sqlite_engine: Engine) -> None:
    reply = chat("滦州花多少")
    assert "滦州" in reply.headline
    assert not reply.facts
    with Session(sqlite_engine) as session:
        assert session.scalars(select(Unanswered.reason)).all() == ["unknown_place"]


def test_unsure_is_asked_and_nonsense_declined(chat: Chat) -> None:
    asked = chat("玉米")
    assert [choice.label for choice in asked.choices] == ["玉米价格", "玉米收支"]
    assert "没听明白" in chat("嘟嘟").headline
    assert "没听明白" in chat("⿰⿱").headline


def test_a_town_that_is_named_is_meant_and_not_ones_own(chat: Chat) -> None:
    assert chat("去趟我们镇不易扣庄几点办公", village="万宝沟村").headline == "扣庄镇上班时间"


def test_of_two_meanings_each_keeps_its_own_names(chat: Chat) -> None:
    asked = chat("棒子多些")
    assert ([choice.label for choice in asked.choices], asked.facts) == (["玉米价格", "五重安镇万宝沟村收支"], ())
    assert chat("2").headline == "五重安镇万宝沟村"
    chat("棒子多些")
    assert chat("玉米价格").headline == "玉米1.17元/斤"
    chat("棒子多些")
    assert chat("有啥通知").headline == "停电通知"


def test_one_doubtful_meaning_is_asked_about(chat: Chat) -> None:
    asked = chat("棒子吗")
    assert "“玉米价格”吗" in asked.headline
    assert not unsupported(asked)
    assert chat("1").headline == "玉米1.17元/斤"


def test_two_questions_get_two_answers_with_all_facts(chat: Chat) -> None:
    reply = chat("玉米价还有花生价")
    assert reply.headline == "玉米1.17元/斤 花生1.17元/斤"
    assert [fact.subject for fact in reply.facts] == ["玉米", "花生"]


def test_a_skills_own_choices_lead_on(chat: Chat) -> None:
    chat("选")
    assert chat("2").headline == "花生1.17元/斤"


def test_again_more_and_no(chat: Chat) -> None:
    assert "还没问" in chat("再说一遍").headline
    first = chat("玉米价")
    again = chat("再说一遍")
    assert (again.headline, again.facts) == (first.headline, first.facts)
    more = chat("详细点")
    assert (more.headline, more.details) == ("一", ("二",))
    assert "没有更多" in chat("详细点").headline
    assert "没答对" in chat("不对").headline
    assert "没听明白" in chat("上月呢").headline


def test_thanks_do_not_end_the_topic(chat: Chat) -> None:
    chat("玉米价")
    chat("谢谢")
    assert chat("那花生呢").headline == "花生1.17元/斤"


def test_a_state_survives_its_json(clock: dict[str, Any]) -> None:
    fact = Fact("均价", Decimal("1.165"), "元/斤", "玉米", "", date(2026, 11, 23), "农业农村局")
    state = State(
        WANBAOGOU, query("price_latest", commodity="玉米", period=JUNE, villages=LIUZHUANGZI),
        Reply("h", ("d",), (fact,), intent="price_latest"), None, NOW,
    )  # fmt: skip
    restored = load(dump(state))
    assert restored == replace(state, query=replace(state.query, alternatives=()))  # type: ignore[type-var]


def test_our_town_is_that_of_the_village_we_are_told(chat: Chat) -> None:
    assert "哪个村" in chat("我们镇几点办公").headline
    assert chat("五重安镇万宝沟村").headline == "五重安镇上班时间"
    assert chat("我们镇几点办公").headline == "五重安镇上班时间"


def test_an_answer_about_now_says_when_its_source_is_late(chat: Chat, sqlite_engine: Engine) -> None:
    assert chat("有啥通知").headline == "停电通知"
    with Session(sqlite_engine) as session:
        as_of = date(2026, 10, 1)
        session.add(Source(dataset="notices", department="政府办", file="f", imported=NOW, as_of=as_of))
        session.commit()
    assert chat("有啥通知").headline == "停电通知（政府办的数据晚了，最新到2026年10月1日）"
    assert chat("上月有啥通知").headline == "停电通知"


def test_an_alert_for_the_senders_village_leads_the_next_answer_once(
    chat: Chat, sqlite_engine: Engine, clock: dict[str, Any]
) -> None:
    with Session(sqlite_engine) as session:
        source = Source(dataset="alerts", department="应急管理局", file="a.xml", imported=NOW)
        session.add(source)
        session.flush()
        session.add(
            Alert(
                key="a", digest="", source_id=source.id, source_row=1, identifier="A1", sender="s", sent=NOW,
                status="Actual", kind="Alert", scope="Public", event="森林火险", level="橙色", severity="Severe",
                expires=NOW + timedelta(days=2), publisher="应急管理局", headline="森林火险橙色预警",
                areas=["130283116"], references=[], area_names=["五重安镇"],
            )
        )  # fmt: skip
        session.commit()
    clock["now"] = NOW + timedelta(minutes=1)
    assert chat("玉米价", "stranger").headline == "玉米1.17元/斤"
    led = chat("玉米价", village=WANBAOGOU)
    assert led.headline.startswith("【万宝沟村森林火险橙色预警，11月25日10时前有效】玉米1.17元/斤")
    assert not unsupported(led)
    assert chat("玉米价", village=WANBAOGOU).headline == "玉米1.17元/斤"
    clock["now"] = NOW + timedelta(hours=5)
    assert chat("玉米价", village=WANBAOGOU).headline == "玉米1.17元/斤"


def test_a_whole_question_takes_over_the_thing_and_the_place_but_no_period(chat: Chat) -> None:
    chat("玉米价")
    chat("上月呢")
    assert chat("花生价").headline == "花生1.17元/斤"
    assert chat("啥价").headline == "花生1.17元/斤"
