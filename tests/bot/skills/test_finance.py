"""What is said about village accounts: on entries made by hand, and on the public export's own questions."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.messages import Reply
from bot.skills.finance import listed, total, voucher
from knowledge.places import Places
from tests.affairs import COUNTY, FAR, NEIGHBOUR, TOWN, VILLAGE, add, asked, day, month, questions, right, year

Ask = Callable[..., Reply]


@pytest.fixture
def ask(session: Session, gazetteer: Places) -> Ask:
    def entry(place: str, when: date, way: str, subject: str, amount: str, summary: str, number: str) -> None:
        add(session, "finance", "农经站", when, place=place, day=when, direction=way, subject=subject, summary=summary,
            amount=Decimal(amount), handler="张静", approver="魏占山", voucher=number)  # fmt: skip

    entry(VILLAGE, date(2026, 9, 3), "支出", "道路维修", "2000", "付主街路面补坑款", "记202609-116217-001")
    entry(VILLAGE, date(2026, 9, 20), "支出", "文体活动", "270", "付秧歌队服装款", "记202609-116217-002")
    entry(VILLAGE, date(2026, 10, 2), "支出", "道路维修", "1000.5", "付主街路面补坑款", "记202610-116217-001")
    entry(
        VILLAGE, date(2026, 10, 9), "支出", "环境整治", "600", "付清理柴草堆人工费（苏敏等3人）", "记202610-116217-002"
    )
    entry(VILLAGE, date(2026, 10, 12), "支出", "道路维修", "500", "付铺石子款（二期）", "记202610-116217-003")
    entry(VILLAGE, date(2026, 10, 20), "收入", "利息收入", "70.25", "收银行存款结息", "记202610-116217-004")
    entry(VILLAGE, date(2026, 10, 20), "收入", "利息收入", "1.75", "收银行存款结息", "记202610-116217-004")
    entry(NEIGHBOUR, date(2026, 10, 20), "支出", "道路维修", "9000", "付铺石子款", "记202610-116218-001")
    entry(FAR, date(2026, 10, 20), "支出", "水电费", "3000000", "付机井电费", "记202610-111216-001")

    def say(answer: Any, text: str = "", **slots: Any) -> Reply:
        if not {"village", "town", "county"} & slots.keys():
            slots["village"] = VILLAGE
        return asked(session, gazetteer, answer, text, **slots)

    return say


def test_income_and_expense_of_a_month(ask: Ask) -> None:
    reply = ask(total, "10月收支多少", period=month(2026, 10))
    assert reply.headline == "万宝沟村10月（到10月20日）一共收入72元，支出2100.5元。"
    assert reply.details[:3] == ("收入72元（2笔）", "支出2100.5元（3笔）", "利息收入72元（2笔）")
    assert reply.source == "农经站 2026-11-23"


def test_one_direction_alone_leads_the_answer(ask: Ask) -> None:
    assert ask(total, "花了多少", direction="支出").headline == "万宝沟村10月（到10月20日）一共支出2100.5元。"
    assert "收入72元" in ask(total, "收入多少").headline
    assert "收入72元，支出2100.5元" in ask(total, "收入多少、支出多少", direction="收入").headline


def test_without_a_period_the_latest_month_with_entries_is_told(ask: Ask) -> None:
    assert ask(total, "花了多少").headline.startswith("万宝沟村10月")
    assert (
        ask(total, "现在花了多少", period=day(date(2026, 11, 23))).headline
        == "没有万宝沟村今天的账，只有2026年9月3日到10月20日的。"
    )


def test_words_for_now_mean_how_things_stand(ask: Ask) -> None:
    from dataclasses import replace

    now = replace(day(date(2026, 11, 23)), said="现在")
    assert ask(total, "现在花了多少", period=now).headline.startswith("万宝沟村10月")


def test_a_subject_with_the_number_of_its_entries(ask: Ask) -> None:
    reply = ask(total, "道路维修花了多少", subject="道路维修", period=month(2026, 10))
    assert reply.headline == "万宝沟村10月（到10月20日）道路维修花了1500.5元，共2笔。"
    assert reply.details[0].startswith("10月12日道路维修支出500元：付铺石子款（二期）（经手张静，审批魏占山")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("修路花了多少", "道路维修花了1500.5元"),
        ("道路维修花了多少", "道路维修花了1500.5元"),
        ("利息有多少", "利息收入72元"),
        ("铺石子花了多少", "“付铺石子款”花了500元"),
        ("秧歌队花了多少", "9月“付秧歌队服装款”花了270元"),
    ],
)
def test_a_subject_is_found_in_plain_words(ask: Ask, text: str, told: str) -> None:
    assert told in ask(total, text).headline


def test_who_approved_and_handled_is_told_in_full(ask: Ask) -> None:
    assert "审批人魏占山，经手人张静" in ask(total, "修路的钱谁批的").headline
    assert "审批人魏占山，经手人张静" in ask(total, "10月的账谁批的", period=month(2026, 10)).headline


def test_a_subject_missing_in_the_period_is_said_with_the_whole(ask: Ask) -> None:
    reply = ask(total, "文体活动花了多少", subject="文体活动", period=month(2026, 10))
    assert reply.headline == "万宝沟村10月（到10月20日）没有文体活动这项；这段时间一共收入72元，支出2100.5元。"
    assert reply.details == (
        "文体活动最近一笔：9月20日文体活动支出270元：付秧歌队服装款（经手张静，审批魏占山，凭证记202609-116217-002）",
    )


@pytest.mark.parametrize(
    ("text", "slots", "purpose"),
    [
        ("俺村修桥花了多少", {}, "修桥"),
        ("唱戏花了多少", {"subject": "唱戏"}, "唱戏"),
        ("村里买灭火器花了多少", {}, "买灭火器"),
    ],
)
def test_what_nobody_wrote_down_is_declined_by_name(ask: Ask, text: str, slots: dict[str, str], purpose: str) -> None:
    reply = ask(total, text, **slots)
    assert f"账上没有“{purpose}”这项" in reply.headline
    assert "一共支出2100.5元" in reply.headline


@pytest.mark.parametrize(
    ("period", "headline"),
    [
        (month(2024, 5), "没有万宝沟村2024年5月的账，只有2026年9月3日到10月20日的。"),
        (month(2026, 11), "没有万宝沟村11月的账，只有2026年9月3日到10月20日的。"),
        (year(2027), "2027年还没到，没有万宝沟村的账，只有2026年9月3日到10月20日的。"),
    ],
)
def test_a_period_outside_the_books_is_declined(ask: Ask, period: Any, headline: str) -> None:
    for function in (total, listed):
        assert ask(function, "花了多少", period=period).headline == headline


def test_a_day_without_entries(ask: Ask) -> None:
    assert ask(total, "花了多少", period=day(date(2026, 10, 3))).headline == "万宝沟村10月3日账上没有支出记录。"
    assert ask(listed, "账", period=day(date(2026, 10, 3))).headline == "万宝沟村10月3日账上没有收支记录。"


def test_a_year_says_from_and_to_when_it_is_known(ask: Ask) -> None:
    assert ask(total, "花了多少", period=year(2026)).headline == (
        "万宝沟村2026年（从9月3日起，到10月20日）一共支出4370.5元。"
    )


def test_compared_with_the_month_before(ask: Ask) -> None:
    reply = ask(total, "支出比上个月多吗", period=month(2026, 10), baseline=month(2026, 9))
    assert reply.headline == "万宝沟村10月（到10月20日）支出2100.5元，比9月的2270元少169.5元。"
    assert reply.details[0] == "少了7.5%"
    one = ask(total, "修路比上月多吗", subject="道路维修", period=month(2026, 10), baseline=month(2026, 9))
    assert "道路维修支出1500.5元，比9月的2000元少499.5元" in one.headline
    nothing = ask(total, "电费比上月多吗", subject="水电费", period=month(2026, 10), baseline=month(2026, 9))
    assert nothing.headline.startswith("万宝沟村的账上没有“水电费”这项")
    equal = ask(total, "比上月多吗", direction="收入", period=month(2026, 9), baseline=month(2026, 9))
    assert equal.headline == "万宝沟村9月收入0元；没有9月的账可比。"


def test_what_is_left_is_not_made_up(ask: Ask) -> None:
    reply = ask(total, "村里现在还有多少钱")
    assert reply.headline.startswith("公布的账里没有余额和欠款，只有收支。万宝沟村10月")


def test_a_year_before_the_books_is_not_compared(ask: Ask) -> None:
    reply = ask(total, "10月支出比去年多吗", period=month(2026, 10), baseline=year(2025))
    assert reply.headline == "万宝沟村10月（到10月20日）支出2100.5元；没有2025年10月的账可比。"
    assert reply.details == ("账只有2026年9月3日到2026年10月20日的",)


def test_what_the_money_went_for(ask: Ask) -> None:
    assert ask(total, "钱都花哪了").headline == "万宝沟村10月（到10月20日）支出最多的是道路维修，1500.5元。"


def test_town_and_county_from_the_same_queries(ask: Ask) -> None:
    assert "五重安镇10月（到10月20日）一共支出11100.5元" in ask(total, "花了多少", town=TOWN).headline
    whole = ask(total, "全市花了多少", county=True)
    assert whole.headline == "迁安市10月（到10月20日）一共支出301.11万元。"


def test_villages_in_order(ask: Ask) -> None:
    reply = ask(total, "哪个村花得最多", extreme="highest")
    assert reply.headline == "五重安镇10月（到10月20日）支出最多的是才家沟村，9000元。"
    assert reply.details[1:] == ("1. 五重安镇才家沟村 9000元", "2. 五重安镇万宝沟村 2100.5元")
    assert "木厂口镇娄子峪村，300万元" in ask(total, "全市哪个村花得最多", county=True).headline
    assert "最少的是万宝沟村" in ask(total, "哪个村花得最少", extreme="lowest").headline
    assert "五重安镇万宝沟村排第2名，2100.5元" in ask(total, "我们村花钱排第几").headline
    assert "最多的是木厂口镇" in ask(total, "哪个镇花得最多").headline
    assert "没有利息收入支出" not in ask(total, "哪个村利息最多", subject="利息收入", direction="收入").headline


def test_the_largest_entries(ask: Ask) -> None:
    reply = ask(listed, "最大的几笔支出", extreme="highest")
    assert reply.headline == "万宝沟村10月（到10月20日）最大的一笔支出是10月2日付主街路面补坑款，1000.5元。"
    assert len(reply.details) == 3
    assert "最小的一笔收入是10月20日收银行存款结息，1.75元" in ask(listed, "最小的一笔收入").headline
    assert "五重安镇才家沟村10月20日付铺石子款，9000元" in ask(listed, "最大的一笔", town=TOWN).headline


def test_the_list_of_entries(ask: Ask) -> None:
    assert ask(listed, "10月的账", period=month(2026, 10)).headline == (
        "万宝沟村10月（到10月20日）一共5笔账，收入72元，支出2100.5元。"
    )
    assert ask(listed, "文体活动的账", subject="文体活动", period=month(2026, 10)).headline.startswith(
        "万宝沟村10月（到10月20日）没有文体活动这项"
    )


def test_a_private_person_is_masked_but_for_residents(ask: Ask) -> None:
    stranger = ask(listed, "环境整治的账", subject="环境整治")
    assert "（苏*等3人）" in stranger.text
    assert "苏敏" not in stranger.text
    assert "苏敏等3人" in ask(listed, "环境整治的账", subject="环境整治", resident_of=(VILLAGE,)).text


@pytest.mark.parametrize("text", ["苏敏花了多少钱", "苏敏拿了多少", "苏敏的人工费"])
def test_nobody_is_found_by_name(ask: Ask, text: str) -> None:
    for function in (total, listed):
        assert "600" not in ask(function, text, title="苏敏").headline


def test_a_voucher(ask: Ask) -> None:
    for said in ("记202610-116217-001", "202610-116217-001", "记202610-001"):
        reply = ask(voucher, "是什么钱、谁批的", voucher=said)
        assert reply.headline == (
            "万宝沟村2026年10月2日道路维修支出1000.5元（付主街路面补坑款），审批人魏占山，经手人张静。"
        )
        assert reply.source == "农经站 2026-10-02"
    assert "1000.5元" in ask(voucher, "凭证记202610-116217-001是啥钱").headline
    masked = ask(voucher, voucher="记202610-116217-002").headline
    assert "苏*等3人" in masked


def test_a_voucher_of_several_entries(ask: Ask) -> None:
    reply = ask(voucher, voucher="记202610-116217-004")
    assert reply.headline == "万宝沟村凭证记202610-116217-004有2笔，合计72元；审批人魏占山，经手人张静。"
    assert len(reply.details) == 2


def test_a_voucher_of_another_village_is_told_as_its(ask: Ask) -> None:
    assert ask(voucher, voucher="记202610-111216-001").headline.startswith("娄子峪村2026年10月20日水电费支出3000000元")


def test_several_vouchers_are_asked_apart(ask: Ask) -> None:
    reply = ask(voucher, "第1号凭证", voucher="记第1号")
    assert [choice.text for choice in reply.choices] == [
        "五重安镇万宝沟村凭证记202610-116217-001是什么钱",
        "五重安镇万宝沟村凭证记202609-116217-001是什么钱",
    ]
    assert "1000.5元" in ask(voucher, voucher="记第1号", period=month(2026, 10)).headline


def test_a_voucher_that_is_not_there(ask: Ask) -> None:
    assert ask(voucher, voucher="记209912-116217-001").headline == "账上没有“记209912-116217-001”这张凭证。"
    assert "哪张凭证" in ask(voucher, "那张票谁批的").headline


def test_a_payment_without_its_number_by_what_it_was_for(ask: Ask) -> None:
    assert "审批人魏占山" in ask(voucher, "修路那笔谁批的").headline
    assert "凭证记202610-116217-003" in ask(voucher, "修路那笔凭证号多少").details[0]
    assert "1.75元" not in ask(voucher, "最大的收入凭证是哪张").headline
    assert "最大的一笔收入是10月20日收银行存款结息，70.25元" in ask(voucher, "最大的收入凭证是哪张").headline
    assert ask(voucher, "招待费花了的谁批的").headline.startswith("万宝沟村的账上没有“招待费”这项")


def test_villages_are_not_ranked_by_what_nobody_wrote_down(ask: Ask) -> None:
    assert ask(total, "哪个村招待费花得最多").headline.startswith("五重安镇的账上没有“招待费”这项")


def test_against_last_year_without_a_period_means_the_year(ask: Ask) -> None:
    reply = ask(total, "比去年多花了多少", baseline=year(2025))
    assert reply.headline == "万宝沟村2026年（从9月3日起，到10月20日）支出4370.5元；没有2025年的账可比。"


def test_no_accounts_of_the_place(ask: Ask) -> None:
    assert ask(total, village="130283001230").headline == "没有小李庄村的收支账，不能拿别处的数回您。"
    assert ask(voucher, village="130283001230", voucher="记1-2").headline.startswith("没有收支账")


def test_without_a_place_it_asks(session: Session, gazetteer: Places) -> None:
    assert "哪个村" in asked(session, gazetteer, total).headline


def test_a_place_of_the_county_code(ask: Ask) -> None:
    assert "迁安市" in ask(total, "花了多少", town=COUNTY).headline


@pytest.mark.parametrize("question", questions("finance_total") + questions("finance_month"), ids=lambda q: q["id"])
def test_the_export_s_sums(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    when = month(*map(int, question["month"].split("-")))
    slots = {"village": question["village_code"], "period": when}
    known = {"subject": question.get("subject"), "direction": question.get("direction")}
    named = {name: value for name, value in known.items() if value}
    for extra in (named, {}):
        right(question, asked(pack_session, gazetteer, total, question["question"], **slots, **extra))


@pytest.mark.parametrize("question", questions("finance_voucher"), ids=lambda q: q["id"])
def test_the_export_s_vouchers(question: dict[str, Any], pack_session: Session, gazetteer: Places) -> None:
    slots = {"village": question["village_code"]}
    for extra in ({"voucher": question["voucher"]}, {}):
        right(question, asked(pack_session, gazetteer, voucher, question["question"], **slots, **extra))
    right(question, asked(pack_session, gazetteer, voucher, question["question"]))
