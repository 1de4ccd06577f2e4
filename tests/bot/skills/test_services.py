"""What is said about services: made by hand, and the public export's own questions."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Reply
from bot.skills.services import bus, clinic, hotline, office
from bot.understanding.query import Period
from config import SHANGHAI
from knowledge.places import Places
from tests.affairs import COUNTY, FAR, NEIGHBOUR, TOWN, VILLAGE, add, asked, questions, right

Ask = Callable[..., Reply]
EMPTY = "130283001"  # 永顺街道: nothing is listed there
SUNDAY = datetime(2026, 11, 22, 10, 0, tzinfo=SHANGHAI)
EVENING = datetime(2026, 11, 23, 18, 30, tzinfo=SHANGHAI)


@pytest.fixture
def ask(session: Session, gazetteer: Places) -> Ask:
    offices = (
        ("便民服务中心", "0315-0093655", "周一至周五 8:30-12:00，13:30-17:30", "社保认证、医保参保、低保申请受理"),
        ("农业综合服务中心", "0315-0032748", "看天", "种粮补贴、农机补贴"),
        ("派出所", "0315-0090788", "全天24小时", "户口、身份证"),
        ("财政所", "0315-0075098", "", "补贴发放查询"),
        ("卫生院", "0315-0034120", "每天 8:00-20:00", "门诊、疫苗"),
    )
    for number, (name, phone, hours, tasks) in enumerate(offices, 1):
        add(session, "offices", "行政审批局", place=TOWN, name=f"五重安镇{name}", address=f"五重安镇兴镇路{number}号",
            phone=phone, hours=hours, tasks=tasks)  # fmt: skip
    add(
        session,
        "offices",
        "行政审批局",
        place=COUNTY,
        name="不动产登记中心",
        phone="0315-0000001",
        hours="",
        tasks="房产证",
    )
    for name, number in (("三农服务热线", "12316"), ("森林火警", "12119"), ("火警", "119"), ("报警", "110"),
                         ("五重安镇值班电话", "0315-0024182"), ("木厂口镇值班电话", "0315-0017305")):  # fmt: skip
        add(session, "hotlines", "行政审批局", name=name, number=number, hours="全天24小时", note="")
    add(session, "clinics", "行政审批局", place=VILLAGE, name="万宝沟村卫生室", doctor="杨庆丰", phone="19900008781",
        hours="每天 7:30-18:30", insured=True)  # fmt: skip
    add(session, "clinics", "行政审批局", place=FAR, name="娄子峪村卫生室", insured=False)
    for route, origin, stops, last in (
        ("1路", "五重安镇", "东陈庄、黄金寨", "17:59"),
        ("2路", "红峪口", "万宝沟、才家沟", "18:10"),
    ):
        add(session, "bus_routes", "行政审批局", place=TOWN, route=f"迁五重安{route}", origin=origin, terminus="迁安客运站",
            first="6:44", last=last, interval=20, fare=Decimal("2.5"), stops=stops)  # fmt: skip
    add(
        session,
        "bus_routes",
        "行政审批局",
        place=FAR[:9],
        route="迁木厂口1路",
        terminus="迁安客运站",
        last="傍晚",
        stops="",
    )

    def say(answer: Any, text: str = "", **slots: Any) -> Reply:
        if not {"village", "town", "county"} & slots.keys():
            slots["village"] = VILLAGE
        return asked(session, gazetteer, answer, text, **slots)

    return say


def test_an_office_by_its_name(ask: Ask) -> None:
    reply = ask(office, "便民服务中心电话多少？几点上班？")
    assert reply.headline == "五重安镇便民服务中心电话0315-0093655；周一至周五 8:30-12:00，13:30-17:30。"
    assert reply.details == (
        "时间：周一至周五 8:30-12:00，13:30-17:30",
        "地址：五重安镇兴镇路1号",
        "能办：社保认证、医保参保、低保申请受理",
    )
    assert reply.source == "行政审批局 2026-11-23"
    assert ask(office, "几点上班", office="派出所").headline == "五重安镇派出所电话0315-0090788；全天24小时。"


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("医保哪办", "五重安镇便民服务中心在兴镇路1号；电话0315-0093655。"),
        ("户口在哪办", "五重安镇派出所在兴镇路3号；电话0315-0090788。"),
        ("落户去哪", "五重安镇派出所在兴镇路3号；电话0315-0090788。"),
        ("看病去哪，几点开门", "五重安镇卫生院在兴镇路5号；电话0315-0034120；每天 8:00-20:00。"),
        ("房产证在哪办", "不动产登记中心电话0315-0000001。"),
        ("补贴去哪查", "五重安镇农业综合服务中心0315-0032748；五重安镇财政所0315-0075098。"),
        ("镇上几点办公", "五重安镇便民服务中心电话0315-0093655；周一至周五 8:30-12:00，13:30-17:30。"),
        ("镇政府电话", "五重安镇值班电话0315-0024182，全天24小时。"),
    ],
)
def test_an_office_by_what_is_to_be_done(ask: Ask, text: str, headline: str) -> None:
    assert ask(office, text).headline == headline
    assert ask(office, text, town=TOWN).headline == headline


def test_whether_it_is_open_now(ask: Ask) -> None:
    assert ask(office, "便民服务中心现在有人没").headline.startswith("现在（周一）是上班时间。五重安镇便民服务中心")
    assert ask(office, "便民服务中心现在有人没", now=SUNDAY).headline.startswith("现在（周日）不是上班时间。")
    assert ask(office, "派出所现在有人没", now=SUNDAY).headline.startswith("现在（周日）是上班时间。")
    assert ask(office, "农业综合服务中心开门没").headline == "五重安镇农业综合服务中心电话0315-0032748；看天。"


def test_whether_it_is_open_on_another_day(ask: Ask) -> None:
    assert ask(office, "便民服务中心周六上班吗").headline.startswith("周六不上班。五重安镇便民服务中心")
    assert ask(office, "便民服务中心星期五开门吗").headline.startswith("周五上班。")
    assert ask(office, "卫生院周末有人没").headline.startswith("周六上班。五重安镇卫生院")
    saturday = Period(date(2026, 11, 28), date(2026, 11, 28), "day", "28号")
    assert ask(office, "便民服务中心28号上班吗", period=saturday).headline.startswith(
        "周六不上班。五重安镇便民服务中心"
    )
    assert ask(office, "便民服务中心国庆上班吗").headline.startswith("节假日上不上班没写。五重安镇便民服务中心")
    assert ask(clinic, "卫生室礼拜天有人吗").headline.startswith("周日开门。万宝沟村卫生室")
    assert ask(office, "财政所周六上班吗").headline == "五重安镇财政所电话0315-0075098。"


@pytest.mark.parametrize(
    ("text", "slots"), [("法庭在哪", {}), ("信用社几点开门", {}), ("几点上班", {"office": "邮政所"})]
)
def test_an_office_that_is_not_listed_is_declined(ask: Ask, text: str, slots: dict[str, str]) -> None:
    reply = ask(office, text, **slots)
    assert reply.headline == (
        "五重安镇没有登记您问的单位或这项业务。登记的有：便民服务中心、农业综合服务中心、派出所、财政所、卫生院、不动产登记中心。"
    )


def test_a_place_without_offices(session: Session, gazetteer: Places) -> None:
    assert asked(session, gazetteer, office, "派出所电话", town=EMPTY).headline == "没有登记永顺街道的办事单位。"
    assert "哪个镇" in asked(session, gazetteer, office, "派出所电话").headline


@pytest.mark.parametrize(
    ("text", "headline"),
    [
        ("三农热线多少", "三农服务热线12316，全天24小时。"),
        ("报警是多少", "报警电话110，全天24小时。"),
        ("着火了打啥", "火警电话119，全天24小时。"),
        ("山上着山火了", "森林火警电话12119，全天24小时。"),
        ("值班电话是多少", "五重安镇值班电话0315-0024182，全天24小时。"),
        ("派出所电话", "五重安镇派出所电话0315-0090788；全天24小时。"),
        ("12119是啥电话", "森林火警电话12119，全天24小时。"),
        ("常用电话有哪些", "常用电话有：三农服务热线12316、森林火警12119、火警119等。"),
        ("快递电话", "没有登记您问的这个电话。有：三农服务热线12316、森林火警12119、火警119等。"),
    ],
)
def test_numbers(ask: Ask, text: str, headline: str) -> None:
    assert ask(hotline, text).headline == headline


def test_the_duty_telephone_of_a_town(ask: Ask, session: Session, gazetteer: Places) -> None:
    assert ask(hotline, "木厂口镇值班电话", town=FAR[:9]).headline.startswith("木厂口镇值班电话0315-0017305")
    assert asked(session, gazetteer, hotline, "值班电话", home=FAR).headline.startswith("木厂口镇值班电话0315-0017305")
    assert "哪个镇" in asked(session, gazetteer, hotline, "值班电话").headline
    assert "没有登记您问的这个电话" in ask(hotline, "值班电话", town=EMPTY).headline
    assert asked(session, gazetteer, hotline, "报警打啥").headline == "报警电话110，全天24小时。"


def test_no_numbers_at_all(session: Session, gazetteer: Places) -> None:
    assert asked(session, gazetteer, hotline, "三农热线").headline == "没有登记这个电话，可以问村委会。"


def test_the_clinic_of_a_village(ask: Ask) -> None:
    assert ask(clinic, "村医是谁").headline == "万宝沟村卫生室村医杨庆丰，电话19900008781，能用医保，每天 7:30-18:30。"
    assert ask(clinic, "能用医保吗", village=FAR).headline == "娄子峪村卫生室没写村医，不能用医保。"
    assert ask(clinic, "卫生室开门没", now=EVENING).headline.startswith("现在（周一）不是开门时间。")


def test_a_village_without_a_clinic(ask: Ask) -> None:
    assert (
        ask(clinic, "村医是谁", village=NEIGHBOUR).headline
        == "没有登记才家沟村的卫生室；五重安镇卫生院电话0315-0034120。"
    )
    assert ask(clinic, "村医是谁", village="130283001230").headline == "没有登记小李庄村的卫生室。"
    assert ask(clinic, "村医", county=True).headline == "迁安市登记了2个村卫生室，其中1个能用医保。"


def test_a_clinic_needs_a_place(session: Session, gazetteer: Places) -> None:
    assert "哪个村" in asked(session, gazetteer, clinic, "村医是谁").headline


def test_the_bus_from_a_town(ask: Ask) -> None:
    reply = ask(bus, "末班车几点", town=TOWN)
    assert reply.headline == "迁五重安1路（五重安镇到迁安客运站）首班6:44；末班17:59；20分钟一趟；票价2.5元。"
    assert reply.details[0] == "途经东陈庄、黄金寨"
    assert reply.details[1].startswith("迁五重安2路（红峪口到迁安客运站）")


def test_the_line_that_stops_at_the_village_comes_first(ask: Ask) -> None:
    for text in ("去县城几点有车", "到迁安的车", "去黄金寨的车"):
        assert ask(bus, text).headline.startswith("迁五重安2路（红峪口到迁安客运站）首班6:44；末班18:10")


def test_a_line_by_its_number_alone(ask: Ask) -> None:
    assert ask(bus, "2路车末班几点", town=TOWN).headline.startswith("迁五重安2路")
    assert ask(bus, "镇上到城里的1路车").headline.startswith("迁五重安1路")
    missing = ask(bus, "9路车末班几点", town=TOWN).headline
    assert missing == "没有登记从五重安镇发车的9路。有迁五重安1路、迁五重安2路。"


def test_another_time_of_day_is_answered_by_the_hours(ask: Ask) -> None:
    for text in ("晚上卫生室有人没", "大夫换人没 现在是谁"):
        assert ask(clinic, text).headline.startswith("万宝沟村卫生室村医杨庆丰")


def test_whether_the_bus_stops_at_the_village(ask: Ask) -> None:
    assert ask(bus, "俺村通公交不").headline.startswith("迁五重安2路停万宝沟村。迁五重安2路")
    assert ask(bus, "公交从俺村过不", village="130283116205").headline.startswith("登记的线路没写停石门村。迁五重安1路")
    assert ask(bus, "迁五重安1路都停哪几站").headline == "迁五重安1路途经东陈庄、黄金寨，终点迁安客运站。"


def test_a_line_by_its_name(ask: Ask) -> None:
    assert ask(bus, "末班几点", route="迁五重安1路").headline.startswith("迁五重安1路")
    assert ask(bus, "迁木厂口1路末班几点").headline == "迁木厂口1路（迁安客运站）末班傍晚。"


def test_whether_a_bus_still_goes(ask: Ask) -> None:
    assert ask(bus, "现在还有车吗", town=TOWN).headline.startswith("今天还有车。迁五重安1路")
    assert ask(bus, "现在还有车吗", town=TOWN, now=EVENING).headline.startswith("今天末班车已经开走了。迁五重安1路")
    assert ask(bus, "现在还有车吗", town=FAR[:9]).headline.startswith("迁木厂口1路")


def test_a_bus_that_is_not_listed_is_declined(ask: Ask, session: Session, gazetteer: Places) -> None:
    assert ask(bus, "去唐山的车几点").headline == "没有查到从五重安镇去唐山的公交车。有迁五重安1路、迁五重安2路。"
    assert ask(bus, "几点", route="迁99路").headline == "没有登记“迁99路”这条公交线。有迁五重安1路、迁五重安2路。"
    assert ask(bus, "几点", route="迁99路", town=EMPTY).headline == "没有登记您问的公交线。"
    assert ask(bus, "末班车几点", town=EMPTY).headline == "没有登记从永顺街道发车的公交线。"
    assert "哪个镇" in asked(session, gazetteer, bus, "末班车几点").headline


def town_of(question: dict[str, Any], places: Places) -> str:
    town = places.town(question["town"])
    assert town
    return town.code


@pytest.mark.parametrize("question", questions("office"), ids=lambda q: q["id"])
def test_the_export_s_offices(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    town = town_of(question, gazetteer)
    kind = question["name"].removeprefix(question["town"])
    for slots in ({"town": town, "office": kind}, {"town": town}):
        right(question, asked(pack_session, gazetteer, office, question["question"], **slots))


@pytest.mark.parametrize("question", questions("hotline"), ids=lambda q: q["id"])
def test_the_export_s_numbers(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    town = next((place.code for place in gazetteer.towns if place.name in question["question"]), None)
    for slots in ({"town": town} if town else {}, {"village": f"{town}201"} if town else {"village": VILLAGE}):
        right(question, asked(pack_session, gazetteer, hotline, question["question"], **slots))


@pytest.mark.parametrize("question", questions("clinic"), ids=lambda q: q["id"])
def test_the_export_s_clinics(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    right(question, asked(pack_session, gazetteer, clinic, question["question"], village=question["village_code"]))


@pytest.mark.parametrize("question", questions("bus"), ids=lambda q: q["id"])
def test_the_export_s_buses(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    for slots in ({"town": town_of(question, gazetteer), "route": question["route"]}, {"village": VILLAGE}, {}):
        right(question, asked(pack_session, gazetteer, bus, question["question"], **slots))
