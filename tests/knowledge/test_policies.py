"""Finding the section that answers: terms, scoring, the choice of an excerpt, when nothing answers, and the stored index."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from knowledge import policies, policy_excerpt, policy_words
from knowledge.policy_index import Document, PolicyIndex, Section
from knowledge.tables import Hotline, Policy, PolicySection, Source
from tests.conftest import NOW
from tests.policy_corpus import PAIRS, corpus, hit_rates, lines, places

TODAY = NOW.date()

#: Documents of another county, with other headings, that nothing was written for.
DISABLED = Document(
    "county",
    "困难残疾人生活补贴和重度残疾人护理补贴",
    (
        Section("补贴对象", "低保家庭中的残疾人发生活补贴；残疾等级一级、二级且需要长期照护的，发护理补贴。"),
        Section(
            "补贴标准",
            "| 补贴种类 | 每月标准（元） |\n|---|---|\n| 困难残疾人生活补贴 | 91 |\n| 重度残疾人护理补贴一级 | 112 |\n"
            "| 重度残疾人护理补贴二级 | 87 |",
        ),
        Section("申报程序", "1. 本人向村委会提出申请。\n2. 镇政府初审。\n3. 县残联审核残疾等级，民政局审定。"),
        Section("所需材料", "残疾人证、身份证、户口簿、银行卡。"),
        Section("受理地点", "镇便民服务中心残联窗口，电话 0315-0055123。"),
        Section("申报时间", "全年受理，每月10日前报送的当月审核。"),
    ),
    "某残字〔2026〕5号",
    "残疾人联合会",
    date(2026, 2, 1),
    date(2026, 3, 1),
    date(2028, 2, 28),
    "持证残疾人",
    ("残疾补贴", "两项补贴"),
)
CHESTNUT = Document(
    "county",
    "板栗标准园建设奖补办法",
    (
        Section("扶持对象和条件", "连片新建或改造板栗园50亩以上的农户、合作社。"),
        Section("奖补标准", "新建的每亩奖补600元，改造的每亩奖补350元，一个主体最高30万元。"),
        Section("办理流程", "村里申报，镇林业站验收，公示后拨付。"),
        Section("申报截止时间", "2026年9月30日前申报。"),
    ),
    "某林字〔2026〕11号",
    "林业局",
    date(2026, 4, 1),
    None,
    date(2026, 12, 31),
    "板栗种植户",
)
LAW = Document(
    "law",
    "残疾人照料法",
    (
        Section("第一条", "为了保障残疾人的权益，制定本法。", "第一章 总则"),
        Section("第二条", "残疾人享有康复服务的权利。", "第二章 康复"),
        Section("第三条", "重度残疾人的护理补贴标准由县级人民政府规定。", "第三章 保障"),
        Section(
            "第四条", "申请康复服务，应当向户籍所在地的残疾人联合会提出，自受理之日起三十日内答复。", "第二章 康复"
        ),
    ),
    issuer="全国人民代表大会常务委员会",
    issued=date(2018, 10, 26),
)
INDEX = PolicyIndex([DISABLED, CHESTNUT, LAW])


def best(text: str, index: PolicyIndex = INDEX) -> tuple[str, str]:
    hit = index.search(policy_words.question(text), 1)[0]
    return hit.document.title, hit.section.heading


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("每亩补 98.60 元", "每亩补98.60元"),
        ("九十二岁", "92岁"),
        ("一百零三周岁", "103周岁"),
        ("百岁老人", "100岁老人"),
        ("Ｄ 级危房", "d级危房"),
    ],
)
def test_texts_are_brought_to_one_form(text: str, plain: str) -> None:
    assert policy_words.plain(text) == plain


@pytest.mark.parametrize(
    ("villager", "law"),
    [
        ("欠工钱", "拖欠工资"),
        ("吃低保", "最低生活保障"),
        ("种地补贴", "耕地地力保护补贴"),
        ("打药", "使用农药"),
        ("苞米", "玉米"),
    ],
)
def test_the_villagers_word_and_the_laws_are_one_thing(villager: str, law: str) -> None:
    assert policies.things(villager) & policies.things(law)


@pytest.mark.parametrize(
    ("text", "aspect"),
    [
        ("啥样的人能申请", "who"),
        ("够不够条件", "who"),
        ("一亩给多少钱", "amount"),
        ("报百分之多少", "amount"),
        ("咋申请", "how"),
        ("怎么去申请", "how"),
        ("要带啥证件", "documents"),
        ("到哪办", "where"),
        ("归谁管", "where"),
        ("最晚交到哪天", "deadline"),
        ("多少天能批下来", "deadline"),
    ],
)
def test_what_a_question_asks_for(text: str, aspect: str) -> None:
    assert policy_words.question(text).aspects[0] == aspect


@pytest.mark.parametrize(
    ("heading", "aspects"),
    [
        ("谁能领", {"who"}),
        ("补贴对象", {"who"}),
        ("补贴标准", {"amount"}),
        ("申报程序", {"how"}),
        ("申报时间", {"deadline"}),
        ("申请材料", {"documents"}),
        ("受理地点及时间", {"where", "deadline"}),
        ("第六条", set()),
    ],
)
def test_what_a_heading_tells(heading: str, aspects: set[str]) -> None:
    assert policy_words.heading_aspects(heading) == aspects


def test_a_story_asks_for_what_its_question_asks() -> None:
    told, asked = "工地上干了几天，工钱没给，人家说要申请", "咋办"
    assert policy_words.question(f"{told}，{asked}").aspects[0] == "deadline"
    assert policy_words.question(f"{told}，{asked}", part=asked).aspects == ("how",)
    assert policy_words.question("到哪办啊，我腿脚不好", part="我腿脚不好").aspects == ("where",)


def test_when_a_house_was_built_is_no_question() -> None:
    assert policy_words.question("房子是七几年盖的").aspects == ()


def test_an_aspect_of_the_conversation_counts_where_the_text_asks_for_none() -> None:
    assert policy_words.question("低保的事", "documents").aspects == ("documents",)
    assert policy_words.question("到哪办", "how").aspects == ("where",)


@pytest.mark.parametrize(
    ("text", "title", "heading"),
    [
        ("残疾补贴啥样的人能领", DISABLED.title, "补贴对象"),
        ("一级残疾护理补贴一个月给多少钱", DISABLED.title, "补贴标准"),
        ("办残疾人补贴走啥程序", DISABLED.title, "申报程序"),
        ("领残疾补贴要带啥", DISABLED.title, "所需材料"),
        ("残疾补贴到哪办", DISABLED.title, "受理地点"),
        ("残疾补贴啥时候能报", DISABLED.title, "申报时间"),
        ("栽板栗一亩给多少钱", CHESTNUT.title, "奖补标准"),
        ("板栗园奖补最晚哪天报", CHESTNUT.title, "申报截止时间"),
        ("申请康复服务几天给答复", LAW.title, "第四条"),
    ],
)
def test_documents_not_seen_before_answer_from_the_right_section(text: str, title: str, heading: str) -> None:
    assert best(text) == (title, heading)


def test_a_document_named_beside_the_question_is_favoured() -> None:
    asked = policy_words.question("要带啥")
    assert INDEX.search(asked, 1, DISABLED.title)[0].section.heading == "所需材料"
    assert INDEX.search(asked, 1, CHESTNUT.title)[0].document is CHESTNUT


def test_an_index_of_nothing_finds_nothing() -> None:
    assert PolicyIndex([]).search(policy_words.question("低保咋办")) == []


# --- when nothing answers --------------------------------------------------------------------------------------------


def finding(text: str, *documents: Document, period: tuple[date, date] | None = None) -> policies.Finding:
    asked = policy_words.question(text)
    index = PolicyIndex(documents or (DISABLED, CHESTNUT, LAW))
    return policies.decide(index.search(asked, 40), asked, TODAY, period)


def test_a_question_that_no_document_is_about_finds_nothing() -> None:
    assert finding("养羊一只补多少钱") == policies.Finding(None, "none")
    assert finding("电动三轮车补贴多少").reason == "none"


def test_a_sum_is_never_taken_from_a_law() -> None:
    assert finding("重度残疾人护理补贴一个月多少钱", LAW).reason == "amount"
    told = finding("重度残疾人护理补贴一个月多少钱")
    assert told.reason == ""
    assert told.hit is not None
    assert told.hit.document is DISABLED


def test_a_law_that_speaks_of_no_subsidy_does_not_answer_a_question_for_one() -> None:
    assert finding("申请康复服务有津贴没有", LAW).reason == "none"
    assert finding("康复服务咋申请", LAW).reason == ""


def test_a_time_for_which_a_document_is_not_made_is_not_answered_from_it() -> None:
    year = (date(2024, 1, 1), date(2024, 12, 31))
    assert finding("板栗园奖补一亩多少钱", period=year).reason == "period"
    assert finding("板栗园奖补一亩多少钱", period=(date(2026, 1, 1), date(2026, 12, 31))).reason == ""
    assert finding("康复服务咋申请", LAW, period=(date(2010, 1, 1), date(2010, 12, 31))).reason == "period"


def test_of_two_editions_the_one_in_force_answers() -> None:
    def edition(year: int, per: int) -> Document:
        sections = (Section("补多少", f"每亩补{per}元。"), Section("谁能领", "种板栗的农户。"))
        return Document("county", "板栗补贴", sections, issued=date(year, 1, 5), expires=date(year, 12, 31))

    old, now = edition(2025, 40), edition(2026, 60)
    for order in ((old, now), (now, old)):
        hit = finding("板栗补贴一亩补多少钱", *order).hit
        assert hit is not None
        assert hit.document is now
        hit = finding("板栗补贴一亩补多少钱", *order, period=(date(2025, 1, 1), date(2025, 12, 31))).hit
        assert hit is not None
        assert hit.document is old


# --- excerpts --------------------------------------------------------------------------------------------------------

BANDS = "- 80 到 89 岁：每月 50 元\n- 90 到 99 岁：每月 120 元\n- 100 岁以上：每月 500 元"
WORDED = "年满80周岁不满90周岁的每月60元；90周岁以上不满100周岁的每月130元；满100周岁的每月600元。"
FROM = "80岁以上每月30元。\n90岁以上每月80元。"


def chosen(text: str, question: str, title: str = "") -> list[str]:
    return [piece.text for piece in policy_excerpt.choose(text, policy_words.question(question), title).chosen]


@pytest.mark.parametrize(
    ("text", "question", "expected"),
    [
        (BANDS, "我娘92岁一个月给多少", "90 到 99 岁：每月 120 元"),
        (BANDS, "九十岁给多少", "90 到 99 岁：每月 120 元"),
        (BANDS, "百岁老人给多少", "100 岁以上：每月 500 元"),
        (BANDS, "我爷95了能领多少", "90 到 99 岁：每月 120 元"),
        (WORDED, "86岁的给多少", "年满80周岁不满90周岁的每月60元"),
        (WORDED, "101岁的给多少", "满100周岁的每月600元"),
        (FROM, "93岁给多少", "90岁以上每月80元。"),
        ("C级最多补1.2万元；D级最多补3.2万元。", "D级的补多少", "D级最多补3.2万元"),
        ("住院报销：乡镇卫生院报90%，县级医院报80%，市级医院报65%。", "卫生院住院报多少", "住院报销：乡镇卫生院报90%"),
        (
            "住院报销：乡镇卫生院报90%，县级医院报80%，三级医院报65%。",
            "在三级医院住院报多少",
            "住院报销：三级医院报65%",
        ),
    ],
)
def test_the_band_or_the_case_that_was_asked_for(text: str, question: str, expected: str) -> None:
    assert chosen(text, question) == [expected]


def test_a_row_of_a_table_is_told_with_its_columns() -> None:
    table = "| 种什么 | 每亩补多少 |\n|---|---|\n| 玉米 | 12 元 |\n| 大豆 | 38 元 |"
    assert chosen(table, "种黄豆一亩补多少", "玉米大豆良种补贴") == ["大豆：每亩补38 元"]
    assert chosen(DISABLED.sections[1].text, "护理补贴二级给多少", DISABLED.title) == [
        "重度残疾人护理补贴二级：每月标准87元"
    ]


def test_a_general_question_gets_all_the_cases() -> None:
    assert len(chosen(BANDS, "老人补贴每月多少钱")) == 3


def test_steps_and_items_lose_their_marks_and_keep_their_lead() -> None:
    text = "申请应当提交下列材料：\n\n（一）申请表；\n\n（二）户口簿。\n\n材料不全的，当场告知。"
    found = policy_excerpt.pieces(text)
    assert [(piece.text, piece.form) for piece in found] == [
        ("申请表；", "item"),
        ("户口簿。", "item"),
        ("材料不全的，当场告知。", "sentence"),
    ]
    assert found[0].lead == "申请应当提交下列材料："
    assert [piece.text for piece in policy_excerpt.pieces("1. 先申请。\n2. 3天公示。")] == ["先申请。", "3天公示。"]


# --- the stored documents --------------------------------------------------------------------------------------------


def store(session: Session, document: Document, when: timedelta = timedelta()) -> None:
    source = Source(
        dataset="policies", department=document.issuer, file=f"{document.title}.md", imported=NOW + when, as_of=TODAY
    )
    session.add(source)
    session.flush()
    policy = Policy(
        key=f"{document.title}{document.doc_no}", digest="", source_id=source.id, source_row=1, as_of=document.issued,
        kind=document.kind, title=document.title, doc_no=document.doc_no, issuer=document.issuer, issued=document.issued,
        effective=document.effective, expires=document.expires, audience=document.audience, keywords=list(document.keywords),
    )  # fmt: skip
    policy.sections = [
        PolicySection(ordinal=n, heading=s.heading, text=s.text, chapter=s.chapter)
        for n, s in enumerate(document.sections, 1)
    ]
    session.add(policy)
    session.flush()


def test_what_is_stored_is_what_is_searched_on_each_database(engine: Engine) -> None:
    with Session(engine) as session:
        for document in (DISABLED, CHESTNUT, LAW):
            store(session, document)
        session.commit()
        assert policies.documents(session) == [DISABLED, CHESTNUT, LAW]
        asked = policies.ask("一级残疾护理补贴一个月给多少钱")
        stored = policies.search(session, asked)
        assert stored == INDEX.search(asked)
        assert policies.titles(session) == [DISABLED.title, CHESTNUT.title]


def test_the_index_is_built_once_and_anew_after_an_import(engine: Engine) -> None:
    with Session(engine) as session:
        store(session, CHESTNUT)
        session.commit()
        before = policies.index(session)
        assert policies.index(session) is before
        assert policies.find(session, policies.ask("残疾补贴到哪办"), TODAY).reason == "none"
        store(session, DISABLED, timedelta(minutes=5))
        session.commit()
        after = policies.index(session)
        assert after is not before
        hit = policies.find(session, policies.ask("残疾补贴到哪办"), TODAY).hit
        assert hit is not None
        assert hit.section.heading == "受理地点"


def test_whom_to_ask_is_the_number_that_fits_else_the_general_one(session: Session) -> None:
    asked = policies.ask("医保能报多少")
    assert policies.whom_to_ask(session, asked) == policies.DEFAULT_CONTACT
    source = Source(dataset="hotlines", department="行政审批局", file="常用电话.csv", imported=NOW, as_of=TODAY)
    session.add(source)
    session.flush()
    rows = (("火警", "119"), ("某镇值班电话", "0315-0000001"), ("政务服务热线", "12345"), ("医保服务热线", "12393"))
    for number, (name, phone) in enumerate(rows, 1):
        session.add(
            Hotline(key=name, digest="", source_id=source.id, source_row=number, as_of=None, name=name, number=phone)
        )
    session.flush()
    assert policies.whom_to_ask(session, asked).number == "12393"
    assert policies.whom_to_ask(session, policies.ask("宅基地咋申请")).number == "12345"
    assert policies.whom_to_ask(session, policies.ask("宅基地咋申请")).source == "行政审批局"


# --- the pairs -------------------------------------------------------------------------------------------------------


def test_the_pairs_are_of_both_kinds_and_parts() -> None:
    pairs = lines(PAIRS)
    assert len({pair["question"] for pair in pairs}) == len(pairs)
    assert sum(pair["kind"] == "county" for pair in pairs) >= 50
    laws = [pair for pair in pairs if pair["kind"] == "law"]
    assert len(laws) >= 70
    assert len({pair["title"] for pair in laws}) >= 30
    assert {pair["part"] for pair in pairs} == {"dev", "held"}


def test_the_right_section_is_found_for_the_pairs(platform: Path, real: Path) -> None:
    documents = corpus(platform, real)
    known = {(doc.kind, doc.title, section.heading) for doc in documents for section in doc.sections}
    pairs = lines(PAIRS)
    assert all((pair["kind"], pair["title"], pair["section"]) in known for pair in pairs)
    index = PolicyIndex(documents)
    first, third = hit_rates(pairs, lambda text: places(index.search(policy_words.question(text), 3)))
    assert first >= 0.90
    assert third >= 0.97


def test_the_hit_rate_falls_where_the_answers_are_wrong() -> None:
    pair = {"question": "残疾补贴到哪办", "kind": "county", "title": DISABLED.title, "section": "受理地点"}
    found = [(DISABLED, section) for section in DISABLED.sections]
    assert hit_rates([pair], lambda text: found) == (0.0, 0.0)
    assert hit_rates([pair], lambda text: [found[0], found[4]]) == (0.0, 1.0)
    assert hit_rates([pair], lambda text: [found[4]]) == (1.0, 1.0)
    assert hit_rates([pair | {"kind": "law"}], lambda text: [found[4]]) == (0.0, 0.0)


def test_each_phrase_for_a_law_stands_in_one_article_of_it(real: Path) -> None:
    laws = {doc.title: doc for doc in corpus(real, real) if doc.kind == "law"}
    for title, known in policy_words.villagers_ask().items():
        texts = ["".join(section.text.split()) for section in laws[title].sections]
        for phrase, asked in known:
            assert sum(phrase in text for text in texts) == 1, (title, phrase)
            assert asked
