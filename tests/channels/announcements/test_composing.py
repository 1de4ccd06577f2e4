"""What is written down becomes an announcement, or sentences that say what to mend: tables of cases."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from channels.announcements import composing, wording
from channels.announcements.composing import ComposingError
from channels.sms.segments import split
from knowledge.places import Places
from tests.conftest import NOW

VILLAGE, TOWN, COUNTY = "130283111201", "130283111", "130283"


@dataclass(frozen=True)
class Draft:
    title: str = "停水通知"
    text: str = "明天上午九点到下午五点停水，请提前存水。"
    short: str = ""
    publisher: str = "木厂口镇政府"
    urgency: str = "routine"
    category: str = "通知"
    confirm: bool = False
    places: tuple[str, ...] = (TOWN,)
    groups: tuple[str, ...] = ()
    outlets: tuple[str, ...] = tuple(composing.OUTLETS)
    hours: tuple[str, ...] = ()
    starts: datetime = NOW
    ends: datetime = field(default=NOW + timedelta(days=1))


def parts(text: str) -> int:
    return split(text).count


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("130283", COUNTY), ("迁安市", COUNTY), ("迁安", COUNTY),
        ("130283111", TOWN), ("木厂口镇", TOWN), (" 木厂口镇 ", TOWN),
        ("130283116217", "130283116217"), ("五重安镇万宝沟村", "130283116217"), ("万宝沟", "130283116217"),
        ("蔡园镇", "130283108"), ("蔡园村", "130283108201"), ("永惠社区居委会", "130283001001"),
    ],
)  # fmt: skip
def test_a_place_is_found_by_its_code_and_by_its_name(gazetteer: Places, written: str, code: str) -> None:
    assert composing.place(written, gazetteer) == code


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("刘庄子", ("有2个", "蔡园镇刘庄子村（130283108221）", "沙河驿镇刘庄子村（130283110218）", "写代码")),
        ("蔡园", ("有2个", "蔡园镇（130283108）", "蔡园镇蔡园村（130283108201）")),
        ("火星", ("没有叫“火星”的地方", "写全名")),
        ("130283999", ("没有代码是130283999的地方", "6位")),
        ("", ("没有叫“”的地方",)),
        ("１３０", ("没有叫",)),
    ],
)
def test_a_place_that_is_none_or_several_is_told(gazetteer: Places, written: str, said: tuple[str, ...]) -> None:
    with pytest.raises(ComposingError) as told:
        composing.place(written, gazetteer)
    assert all(part in str(told.value) for part in said), str(told.value)


def test_what_lies_in_another_place_is_not_named_beside_it() -> None:
    assert composing.within([VILLAGE, "130283105", TOWN, TOWN]) == ("130283105", TOWN)


@pytest.mark.parametrize(
    ("written", "end", "local"),
    [
        ("2026-11-28 07:30", False, "2026-11-28 07:30"), ("2026-11-28T07:30", False, "2026-11-28 07:30"),
        ("2026/11/28 7:30", False, "2026-11-28 07:30"), ("2026-1-2", False, "2026-01-02 00:00"),
        ("2026-11-28", True, "2026-11-28 23:59"), ("18:00", False, "2026-11-23 18:00"), ("7：05", True, "2026-11-23 07:05"),
        ("2026-11-28T00:00+00:00", False, "2026-11-28 08:00"),
    ],
)  # fmt: skip
def test_a_moment_is_local(written: str, end: bool, local: str) -> None:
    found = composing.moment(written, NOW, end)
    assert found.tzinfo is not None
    assert composing.shown(found, NOW) == local


@pytest.mark.parametrize("written", ["明天", "", "2026-13-01", "25:00", "2026-11-28 7点", "11-28", "٠٧:٠٠:xx"])
def test_a_moment_that_is_none_says_how_to_write_one(written: str) -> None:
    with pytest.raises(ComposingError, match="请写成 2026-11-28 07:00"):
        composing.moment(written, NOW)


PROBLEMS: list[tuple[dict[str, Any], str]] = [
    ({"title": ""}, "没有标题"),
    ({"title": "停" * 31}, "标题有31个字，最多30个"),
    ({"title": "停\n水"}, "只能写一行"),
    ({"text": ""}, "没有正文"),
    ({"text": "停" * 2001, "short": "停水"}, "正文有2001个字，最多2000个"),
    ({"text": "停\x07水"}, "正文第2个字是看不见的控制符（U+0007）"),
    ({"title": "停\u202e水"}, "标题第2个字是看不见的控制符（U+202E）"),
    ({"short": "停\x00"}, "短文第2个字"),
    ({"ends": NOW, "starts": NOW}, "不晚于开始"),
    ({"ends": NOW - timedelta(hours=1), "starts": NOW - timedelta(hours=2)}, "已经过了"),
    ({"hours": ("7点",)}, "看不懂播出时刻“7点”"),
    ({"hours": ("25:00",)}, "看不懂播出时刻“25:00”"),
    ({"hours": ("22:00",)}, "22:00在夜里"),
    ({"hours": ("06:00",)}, "06:00在夜里"),
    ({"outlets": ("fax",)}, "没有“fax”这个渠道，可用的是：speaker（大喇叭）"),
    ({"places": ()}, "没说给哪里听"),
    ({"groups": ("大户",)}, "没有“大户”这个组"),
    ({"confirm": True, "outlets": ("tv", "speaker")}, "要收到回执"),
    ({"publisher": ""}, "落款"),
    ({"category": "类" * 21}, "类别"),
    ({"text": "停" * 200}, "短信要拆成4条，最多3条：请用 --short 另写一段给短信用的，不超过187个字"),
    ({"text": "停水。", "short": "停" * 200}, "短信要拆成4条"),
    ({"text": "停" * 660, "short": "停水。"}, "微信一条最多2000字节，这一条有2024"),
]


@pytest.mark.parametrize(("changed", "said"), PROBLEMS)
def test_what_has_to_be_mended_is_said(changed: dict[str, Any], said: str) -> None:
    told = composing.problems(replace(Draft(), **changed), parts, NOW, {"党员": 3})
    assert len(told) == 1, told
    assert said in told[0]


def test_all_that_has_to_be_mended_is_said_at_once() -> None:
    draft = replace(Draft(), title="", text="", outlets=("fax",), hours=("7",), ends=NOW)
    assert len(composing.problems(draft, parts, NOW, {})) == 5


@pytest.mark.parametrize(
    "changed",
    [
        {}, {"hours": ("22:00",), "urgency": "emergency"}, {"groups": ("党员",)}, {"confirm": True},
        {"text": "第一行\n第二行"}, {"text": "停" * 660, "outlets": ("tv", "speaker")}, {"text": "😀" * 30},
    ],
)  # fmt: skip
def test_what_is_well_is_taken(changed: dict[str, Any]) -> None:
    assert composing.problems(replace(Draft(), **changed), parts, NOW, {"党员": 3}) == []


@pytest.mark.parametrize("changed", [{}, {"urgency": "emergency", "confirm": True}, {"title": "停"}])
def test_the_room_for_a_short_text_is_exact(changed: dict[str, Any]) -> None:
    draft = replace(Draft(), text="长" * 300, **changed)
    most = composing.room(draft, parts)
    assert parts(wording.message(replace(draft, short="字" * most))) == 3
    assert parts(wording.message(replace(draft, short="字" * (most + 1)))) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("有事找老李13912345678。", "手机号139…78"), ("身份证130283195001011234", "身份证号130…34"),
        ("打到6222021234567890123", "银行账号622…23"), ("请打0315-7012345或12345。", None), ("共1234567890123元", None),
    ],
)  # fmt: skip
def test_what_is_a_private_persons_is_warned_of_and_not_repeated(text: str, said: str | None) -> None:
    told = composing.doubts(replace(Draft(), text=text))
    assert len(told) == (said is not None)
    assert all(said and said in each and text[-10:] not in each for each in told)


def test_a_group_does_not_narrow_what_everybody_hears() -> None:
    assert "大喇叭、电视" in composing.doubts(replace(Draft(), groups=("党员",), outlets=("speaker", "sms", "tv")))[0]
    assert composing.doubts(replace(Draft(), groups=("党员",), outlets=("sms",))) == []


@pytest.mark.parametrize(
    ("given", "outlets", "hours_later"),
    [
        ({}, tuple(composing.OUTLETS), 72), ({"urgency": "emergency"}, tuple(composing.OUTLETS), 24),
        ({"groups": ("党员",)}, ("wechat", "sms", "call"), 72), ({"outlets": ("tv",)}, ("tv",), 72),
    ],
)  # fmt: skip
def test_what_is_not_said_is_sensible(given: dict[str, Any], outlets: tuple[str, ...], hours_later: int) -> None:
    made = composing.completed(given, NOW, "木厂口镇政府")
    assert (made["outlets"], made["starts"], made["publisher"]) == (outlets, NOW, "木厂口镇政府")
    assert made["ends"] == NOW + timedelta(hours=hours_later)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (COUNTY, "迁安市政府"), (TOWN, "木厂口镇政府"), ("130283001", "永顺街道办事处"),
        ("130283116217", "五重安镇万宝沟村委会"), ("130283001001", "永顺街道永惠社区居委会"),
    ],
)  # fmt: skip
def test_who_speaks_for_a_place(gazetteer: Places, code: str, name: str) -> None:
    place = gazetteer.get(code)
    assert place
    assert composing.publisher(place, gazetteer) == name


@pytest.mark.parametrize(
    ("written", "read"), [("大喇叭", "speaker"), ("短信", "sms"), ("tv", "tv"), ("fax", "fax")]
)  # fmt: skip
def test_outlets_go_by_chinese_names_too(written: str, read: str) -> None:
    assert composing.outlet(written) == read


@pytest.mark.parametrize(
    ("written", "read"), [("7:00", "07:00"), ("07：30", "07:30"), ("七点", "七点"), ("\ufeff停水\r\n请存水\t！ ", None)]
)  # fmt: skip
def test_what_editors_and_fingers_leave_is_evened_out(written: str, read: str | None) -> None:
    if read is None:
        assert composing.plain(written) == "停水\n请存水 ！"
    else:
        assert composing.hour(written) == read
