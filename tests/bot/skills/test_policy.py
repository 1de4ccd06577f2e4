"""What is said about policies and laws: the public export and the real laws, the sample county, documents made by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from bot.messages import Asker, Fact, Reply
from bot.skills import policy_wording
from bot.skills.base import Context
from bot.skills.policy import answer
from bot.understanding.query import Query
from config import SHANGHAI
from knowledge import database, demo
from knowledge.imports import import_paths
from knowledge.places import Places
from knowledge.policy_excerpt import Piece
from knowledge.policy_index import Document, Section
from knowledge.service_tables import Unanswered
from tests.affairs import asked, year
from tests.conftest import NOW
from tests.knowledge.test_policies import BANDS, CHESTNUT, DISABLED, store
from tests.policy_corpus import DECLINES, PAIRS, lines
from tests.support import misses, truth, unsupported

Ask = Callable[..., Reply]

DECLINED = ("我这儿没有", "不能乱说")


@pytest.fixture(scope="module")
def filled(platform: Path, real: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The county's documents and numbers and the national laws, imported once; to be read only."""
    made = database.connect(f"sqlite:///{tmp_path_factory.mktemp('policies') / 'policies.db'}")
    database.migrate(made)
    import_paths(made, [platform / "政策文件"], now=NOW)
    import_paths(made, [platform / "行政审批局"], now=NOW)
    import_paths(made, [real / "laws"], now=NOW)
    yield made
    made.dispose()


@pytest.fixture
def ask(filled: Engine, gazetteer: Places) -> Iterator[Ask]:
    """The reply to a question about the public export, checked as `tests.affairs.asked` checks."""
    with Session(filled) as session:
        yield lambda text, **slots: asked(session, gazetteer, answer, text, **slots)


@pytest.fixture
def say(session: Session, gazetteer: Places) -> Ask:
    """The reply to a question on a database that holds what a test has stored in `session`."""
    return lambda text, **slots: asked(session, gazetteer, answer, text, **slots)


def kinds_of(question: dict[str, Any]) -> list[dict[str, Any]]:
    """The slots that understanding may or may not give with a question."""
    named = {"policy": question["policy"]}
    return [{}, named, named | {"aspect": "deadline" if "哪天" in question["question"] else "amount"}]


# --- the public export -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variant", [0, 1])
def test_the_exports_questions_are_answered_right(platform: Path, ask: Ask, variant: int) -> None:
    questions = [question for question in truth(platform) if question["q_kind"] in {"policy", "policy_expired"}]
    assert len(questions) >= 30
    wrong = []
    for question in questions:
        reply = ask(question["question"], **kinds_of(question)[variant])
        problems = misses(question, reply.headline)
        if question["policy"] not in reply.headline or question["doc_no"] not in reply.text:
            problems.append("another document")
        if problems:
            wrong.append((question["question"], reply.headline, problems))
    assert not wrong


def test_a_document_that_has_expired_says_so_before_anything_else(ask: Ask) -> None:
    reply = ask("改厕补多少钱")
    assert reply.headline.startswith("厕所改造补助已过期，2026年10月31日到期。原来规定：验收合格一户补1200元")
    assert any(fact.what == "有效期至" and fact.value == "2026年10月31日" for fact in reply.facts)


def test_an_answer_bears_number_issuer_and_date(ask: Ask) -> None:
    reply = ask("低保一个月给多少钱")
    assert reply.source == "迁安市民政局 2026-06-18"
    assert any("迁民字〔2026〕22号" in line and "2026年6月18日发布" in line for line in reply.details)
    assert (
        Fact("也就是每月", Decimal(720), "元", "《农村低保》", "迁安市", date(2026, 6, 18), "迁安市民政局")
        in reply.facts
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("我娘今年92岁，高龄津贴一个月给多少？", "高龄津贴，90到99岁：每月120元。"),
        ("D级危房翻盖最多补多少钱？", "危房改造：D级（整栋危险，拆了重盖）每户最多补32000元。"),
        ("种黄豆一亩补多少", "玉米大豆良种补贴，大豆：每亩补38元。"),
        ("居民医保在乡镇卫生院住院报百分之多少？", "城乡居民医保，住院报销：乡镇卫生院报90%。"),
        ("煤改电一度电补多少钱", "清洁取暖补贴，改电的：每度电补0.20元。"),
        ("领种粮补贴得拿啥材料", "耕地地力保护补贴：户口本、土地承包经营权证、户主的一卡通（惠农卡）。亩数没变化的老户，不用再交材料。"),
        ("低保咋办", "农村低保：本人写申请，不会写的村干部代写→镇里派人入户看、查收入→村里开会民主评议→公示7天→镇里批准，次月发钱。"),
        ("小额贷款能拿去盖房不", "小额信贷：只能用在种养、加工、做买卖上，不能盖房、还债、彩礼。"),
    ],
)  # fmt: skip
def test_only_what_was_asked_is_said(ask: Ask, text: str, said: str) -> None:
    assert ask(text).headline == said


def test_an_age_of_understanding_chooses_the_band(ask: Ask) -> None:
    assert ask("高龄津贴给多少", amount="95岁").headline == "高龄津贴，90到99岁：每月120元。"


def test_a_follow_up_asks_about_the_document_before(ask: Ask) -> None:
    assert ask("那要带啥", policy="农村低保", aspect="documents").headline.startswith("农村低保：户口本、身份证")
    assert ask("到哪办", policy="危房改造").headline.startswith("危房改造：本村村部交材料")
    assert ask("一个月给多少", relief="农村低保").headline.startswith("农村低保：标准是每人每年8640元")
    assert ask("那一亩呢，补多少", policy="玉米大豆良种补贴", commodity="大豆").headline.endswith("大豆：每亩补38元。")
    assert ask("那大豆呢，一亩补多少", policy="玉米大豆良种补贴", commodity="大豆").headline.endswith(
        "大豆：每亩补38元。"
    )


def test_what_was_talked_of_before_does_not_answer_a_new_question(ask: Ask) -> None:
    """A conversation hands on its policy, relief and aspect; a text that names its own topic is about that alone."""
    before = {"policy": "农村低保", "relief": "五保户", "aspect": "how"}
    assert ask("种大豆一亩补多少", **before).headline.endswith("大豆：每亩补38元。")
    assert ask("D级危房翻盖最多补多少钱", **before).headline.startswith("危房改造：D级")
    assert ask("2019年的医保多少钱", **before).headline.startswith("您问的那个时候的文件我这儿没有")
    assert ask("买电动三轮车补多少", **before).headline.startswith("这件事我这儿没有文件")
    assert ask("宅基地咋申请", **before).headline.endswith("（《土地管理法实施条例》第三十四条）。")


def test_the_countys_own_document_goes_before_the_law(ask: Ask) -> None:
    for text in ("低保怎么申请", "临时救助谁能领", "低保啥样的人能申请"):
        assert "迁安市民政局" in ask(text).source


# --- laws ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "law", "article", "words"),
    [
        ("五保户啥样的人能申请", "农村五保供养工作条例", "第六条", "不能劳动"),
        ("离婚要带啥", "婚姻登记条例", "第十一条", "离婚协议书"),
        ("老板欠工钱不给咋办", "保障农民工工资支付条例", "第十条", "投诉"),
        ("承包地能管多少年", "农村土地承包法", "第二十一条", "三十年"),
        ("宅基地咋申请", "土地管理法实施条例", "第三十四条", "以户为单位"),
        ("上班路上出车祸算不算工伤", "工伤保险条例", "第十四条", "认定为工伤"),
        ("哪些地方不能埋坟", "殡葬管理条例", "第十条", "耕地、林地"),
    ],
)
def test_a_law_is_told_in_general_terms_by_its_article(ask: Ask, text: str, law: str, article: str, words: str) -> None:
    reply = ask(text)
    assert reply.headline.endswith(f"（《{law}》{article}）。")
    assert words in reply.headline
    assert len(reply.headline) <= 120
    assert any(line.startswith("原文：") for line in reply.details)
    assert reply.source.startswith(("国务院", "全国人民代表大会常务委员会"))


def test_a_count_of_days_or_months_may_be_told_from_a_law(ask: Ask) -> None:
    assert "12个月" in ask("失业金最多能领几个月").headline
    assert "五年" in ask("村委会几年换一届").headline


def test_every_law_reply_is_short_and_has_its_facts(ask: Ask) -> None:
    for pair in lines(PAIRS):
        reply = ask(pair["question"])
        assert len(reply.headline) + len(reply.source) <= 190, pair["question"]
        assert "：：" not in reply.headline
        assert not reply.headline.startswith(("：", "，")), pair["question"]


# --- declined --------------------------------------------------------------------------------------------------------


def test_what_no_document_answers_is_declined(ask: Ask) -> None:
    declines = lines(DECLINES)
    assert sum(line["why"] != "amount in law" for line in declines) >= 30
    assert sum(line["why"] == "amount in law" for line in declines) >= 15
    told = [(line["question"], ask(line["question"]).text) for line in declines]
    answered = [(question, text) for question, text in told if not any(word in text for word in DECLINED)]
    assert not answered


def test_a_declined_question_says_whom_to_ask_and_is_kept_for_staff(filled: Engine, gazetteer: Places) -> None:
    with Session(filled) as session:
        reply = asked(session, gazetteer, answer, "买电动三轮车补多少")
        assert reply.headline == "这件事我这儿没有文件，不能乱说。请打政务服务热线12345问。"
        assert [(fact.value, fact.source) for fact in reply.facts] == [("12345", "行政审批局")]
        kept = session.scalars(select(Unanswered)).all()
        assert [(row.text, row.reason) for row in kept] == [("买电动三轮车补多少", "no_document")]
        session.rollback()


def test_a_sum_that_only_a_law_touches_is_declined(ask: Ask) -> None:
    reply = ask("五保户一个月给多少钱")
    assert reply.headline == "钱数我这儿没有文件写明，不能乱说。请打政务服务热线12345问。"
    assert "五保供养" not in reply.text


def test_another_place_is_declined_but_for_what_is_law_everywhere(ask: Ask) -> None:
    assert ask("滦州的低保标准").headline.startswith("滦州的政策我这儿没有，只有迁安市的")
    assert ask("低保标准", unknown_place="某旗").headline.startswith("某旗的政策我这儿没有")
    assert "720" not in ask("河北省低保标准是多少").text
    assert "投诉" in ask("在北京打工老板不给工钱去哪投诉").headline
    assert "420" in ask("迁安市的居民医保交多少钱").headline
    assert ask("用河北税务咋交医保").headline.startswith("城乡居民医保：")


@pytest.mark.parametrize(
    ("text", "slots"),
    [("2019年的医保多少钱", {}), ("前年低保标准是多少", {}), ("二〇一九年高龄津贴多少", {}), ("高龄津贴多少", {"period": year(2024)}),
     ("后年的养老金多少", {})],
)  # fmt: skip
def test_another_year_is_declined_with_the_time_that_is_held(ask: Ask, text: str, slots: dict[str, Any]) -> None:
    reply = ask(text, **slots)
    assert reply.headline.startswith("您问的那个时候的文件我这儿没有。手里的《")
    assert "元" not in reply.text


def test_a_year_within_a_documents_time_is_answered(ask: Ask) -> None:
    assert "420" in ask("明年的居民医保每人交多少钱").headline
    assert "98.60" in ask("2027年的种地补贴一亩多少").headline
    assert "不给补" in ask("去年撂荒的地还给不给补贴").headline


# --- the sample county -----------------------------------------------------------------------------------------------

SAMPLE = [
    ("低保一个月给多少钱", "农村低保", "补多少"),
    ("有小轿车能吃低保不", "农村低保", "谁能领"),
    ("低保咋办", "农村低保", "怎么办"),
    ("特困户在敬老院一个月给多少", "特困人员供养", "补多少"),
    ("护理补贴二级一个月多少", "残疾人两项补贴", "补多少"),
    ("明年医保一个人交多少钱", "城乡居民医保", "交多少"),
    ("住院在镇卫生院报百分之多少", "城乡居民医保", "报多少"),
    ("养老保险最低一年交多少", "城乡居民养老保险", "交多少"),
    ("老人每月能领多少养老金", "城乡居民养老保险", "领多少"),
    ("养老认证咋弄", "城乡居民养老保险", "怎么办"),
    ("九十三岁的老人一月给多少", "高龄津贴", "补多少"),
    ("高龄津贴带啥去办", "高龄津贴", "带什么"),
    ("D级危房翻盖给多少", "农村危房改造", "补多少"),
    ("玉米保险自己一亩交多少", "政策性农业保险", "交多少"),
    ("母猪死了赔多少钱", "政策性农业保险", "赔多少"),
    ("受灾多长时间内报案", "政策性农业保险", "怎么办"),
    ("创业贷款最多能贷多少", "创业小额贷款贴息", "能贷多少"),
    ("啥人能办创业贷款", "创业小额贷款贴息", "谁能贷"),
    ("煤改气一方气补多少", "清洁取暖补贴", "补多少"),
    ("板栗嫁接一亩补多少", "板栗低产园改造补助", "补多少"),
    ("老栗园改造最晚啥时候报名", "板栗低产园改造补助", "截止"),
    ("种地补贴一亩多少钱", "耕地地力保护补贴", "补多少"),
    ("买拖拉机补贴去哪办", "农机购置补贴", "到哪办"),
    ("孩子考上大学给多少", "困难学生助学补助", "补多少"),
    ("失火了能申请救助不", "临时救助", "谁能领"),
    ("改厕补多少钱", "农村改厕补助", "补多少"),
]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, gazetteer: Places) -> Iterator[Engine]:
    """The sample county's own documents, as the first start stores them."""
    made = database.connect(f"sqlite:///{tmp_path_factory.mktemp('sample') / 'sample.db'}")
    database.migrate(made)
    patch = pytest.MonkeyPatch()
    patch.setattr(demo, "parts", demo._policies)
    demo.ensure(made, NOW.date(), places=gazetteer)
    patch.undo()
    yield made
    made.dispose()


@pytest.mark.parametrize(("text", "title", "heading"), SAMPLE)
def test_the_sample_countys_documents_answer(
    sample: Engine, gazetteer: Places, text: str, title: str, heading: str
) -> None:
    with Session(sample) as session:
        reply = asked(session, gazetteer, answer, text)
    assert reply.headline.startswith(title), reply.headline
    assert heading in {fact.what for fact in reply.facts}, reply.headline


# --- documents made by hand ------------------------------------------------------------------------------------------


def test_documents_with_other_headings_answer(session: Session, say: Ask) -> None:
    store(session, DISABLED)
    store(session, CHESTNUT)
    assert say("护理补贴一级一个月给多少").headline.endswith("重度残疾人护理补贴一级：每月标准112元。")
    assert "残疾人证、身份证、户口簿、银行卡" in say("领残疾补贴要带啥").headline
    assert say("板栗园奖补最晚哪天报").headline == "板栗标准园建设奖补办法：2026年9月30日前申报。"


def test_what_a_document_does_not_say_is_not_made_up(session: Session, say: Ask) -> None:
    store(session, CHESTNUT)
    reply = say("领板栗园奖补要带啥")
    assert reply.headline == "《板栗标准园建设奖补办法》里没写要带什么，不能乱说。请打政务服务热线12345问。"
    assert reply.details == ("《板栗标准园建设奖补办法》某林字〔2026〕11号，林业局2026年4月1日发布。",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("70岁老人补贴多少", "高龄津贴：没写70岁的，写了的是80到89岁：每月50元"),
        ("危房改造B级补多少", "危房改造：没写B级的，写了的是C级"),
        ("高中助学金一年多少", "雨露计划助学：普通高中和本科不在这项里。"),
        ("职工医保交多少", "城乡居民医保：本市户口、没参加职工医保的大人小孩都能参加"),
        ("二手拖拉机补多少钱", "农机购置补贴：二手机器不补。"),
    ],
)
def test_a_case_that_a_document_leaves_out_gets_no_other_cases_figure(ask: Ask, text: str, said: str) -> None:
    assert ask(text).headline.startswith(said)


def test_a_sum_for_another_year_than_the_documents_is_declined(ask: Ask) -> None:
    assert ask("2026年的居民医保每人交多少").headline.endswith("手里的《城乡居民医保》管的是2027年度。")
    assert "420" in ask("2027年的居民医保每人交多少").headline
    assert "90%" in ask("居民医保今年在卫生院住院报多少").headline


def test_a_document_that_is_not_yet_in_force_says_from_when(session: Session, gazetteer: Places) -> None:
    store(session, Document(
        "county", "高龄津贴", (Section("领多少", BANDS),), "某民字〔2027〕1号", "民政局", date(2026, 11, 1), date(2027, 1, 1),
    ))  # fmt: skip
    reply = asked(session, gazetteer, answer, "高龄津贴90岁给多少")
    assert reply.headline == "高龄津贴从2027年1月1日起执行：90到99岁：每月120元。"
    later = datetime(2027, 1, 1, 9, 0, tzinfo=SHANGHAI)
    assert (
        asked(session, gazetteer, answer, "高龄津贴90岁给多少", now=later).headline == "高龄津贴，90到99岁：每月120元。"
    )


def test_with_no_documents_at_all_the_general_number_is_told(say: Ask) -> None:
    reply = say("低保咋办")
    assert reply.headline == "这件事我这儿没有文件，不能乱说。请打政务服务热线12345问。"
    assert reply.details == ()


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("本条例所称农村五保供养，是指依照本条例规定，在吃、穿、住、医、葬方面给予村民的生活照顾。", "五保供养，是指在吃、穿、住、医、葬方面给村民的生活照顾。"),
        ("应当向乡、民族乡、镇人民政府提出", "要向乡镇政府提出"),
        ("县级以上地方人民政府民政部门应当依法予以救助", "县里的民政部门要给救助"),
        ("自收到决定之日起30日内", "自收到决定之日起30日内"),
    ],
)  # fmt: skip
def test_the_laws_words_are_made_plain(text: str, plain: str) -> None:
    assert policy_wording.plain_words(text) == plain


def test_the_gist_keeps_subject_case_and_consequence() -> None:
    lead = "职工有下列情形之一的，应当认定为工伤："
    case = Piece("在上下班途中，受到非本人主要责任的交通事故伤害的；", "item", lead)
    assert policy_wording.gist([case]) == "职工在上下班途中，受到非本人主要责任的交通事故伤害的，要认定为工伤"
    items = [
        Piece("本人的户口簿、身份证；", "item", "应当出具下列证件和证明材料："),
        Piece("结婚证。", "item", "应当出具下列证件和证明材料："),
    ]
    assert policy_wording.gist(items) == "要出具这些证件和证明材料：本人的户口本、身份证；结婚证"
    who = [Piece("特困供养人员；", "item", "下列人员可以申请相关医疗救助：")]
    assert policy_wording.gist(who) == "可以申请相关医疗救助的有：特困供养人员"
    assert policy_wording.gist([Piece("一" * 60 + "，" + "二" * 60 + "。", "sentence")]) == "一" * 60 + "……"


def test_replies_are_checked_for_loose_figures() -> None:
    assert unsupported(Reply("补5元", facts=(Fact("标准", Decimal(6), "元"),))) == {5}
    assert Context.__slots__
    assert Query("policy").slots == {}
    assert Asker().villages == ()
