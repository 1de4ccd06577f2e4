"""Pictures show the figures of the reply, and only public ones."""

import io
from datetime import date, timedelta
from decimal import Decimal
from urllib.parse import unquote

import pytest
from PIL import Image, ImageFont
from sqlalchemy.orm import Session

from bot import charts
from bot.messages import Asker
from bot.skills import pictures, prices
from bot.skills.base import Context
from bot.understanding.query import Query
from knowledge.places import Places
from knowledge.tables import FinanceEntry, Livability, Source
from tests.bot.skills.test_prices import HOME, TODAY, add
from tests.conftest import NOW

VILLAGE = "130283116217"


def name(path: str) -> str:
    return unquote(path).removeprefix("/pictures/").removesuffix(".png")


def opened(png: bytes | None) -> Image.Image:
    assert png
    assert len(png) < 60_000
    return Image.open(io.BytesIO(png))


@pytest.fixture
def ctx(session: Session, gazetteer: Places) -> Context:
    return Context(session, NOW, gazetteer, Asker())


def record(session: Session, dataset: str) -> dict[str, object]:
    source = Source(dataset=dataset, department="农经站", file=f"{dataset}.csv", imported=NOW, as_of=TODAY)
    session.add(source)
    session.flush()
    return {"digest": "", "source_id": source.id, "source_row": 1, "place": VILLAGE, "as_of": TODAY}


def test_a_price_has_its_course(session: Session, ctx: Context) -> None:
    for back in range(10):
        add(session, "玉米", HOME, TODAY - timedelta(back), str(Decimal("2.4") + back))
    reply = prices.latest(Query("price_latest", {"commodity": "玉米"}), ctx)
    assert reply.picture
    assert opened(pictures.draw(name(reply.picture), ctx)).width == charts.WIDTH


def test_two_quotes_are_no_course(session: Session, ctx: Context) -> None:
    for back in range(2):
        add(session, "玉米", HOME, TODAY - timedelta(back), "2.4")
    assert prices.latest(Query("price_latest", {"commodity": "玉米"}), ctx).picture is None


def test_accounts_and_works_are_drawn(session: Session, ctx: Context) -> None:
    entry = record(session, "finance")
    for number, subject in enumerate(("道路维修", "办公用品")):
        session.add(
            FinanceEntry(
                **entry | {"key": str(number)}, day=TODAY, direction="支出", subject=subject, amount=Decimal(number + 5)
            )
        )
    session.add(
        Livability(**record(session, "livability"), key="w", green_rate=Decimal("33.3"), lamps=100, lamps_lit=80)
    )
    session.flush()
    month = date(2026, 11, 1), date(2026, 11, 30)
    assert opened(pictures.draw(name(pictures.accounts(VILLAGE, "支出", *month)), ctx)).height > 200
    assert opened(pictures.draw(name(pictures.five_works(VILLAGE)), ctx)).height > 200
    assert pictures.draw(name(pictures.accounts(VILLAGE, "收入", *month)), ctx) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "", "price", "price/玉米/没有的市场/2026-01-01/2026-02-01", "price/玉米/x/2026-02-01/2026-01-01", "works/130283999999",
        "price/玉米/x/heute/morgen", "accounts/130283116217/名单/2026-01-01/2026-02-01", "reliefs/130283116217", "../../etc",
        "accounts/130283/支出/1000-01-01/2026-02-01",
    ],
)  # fmt: skip
def test_a_path_that_names_no_picture_gives_none(ctx: Context, wrong: str) -> None:
    assert pictures.draw(wrong, ctx) is None


def test_the_font_has_every_character_of_the_places(gazetteer: Places) -> None:
    font = ImageFont.truetype(charts.FONT, 20)
    missing = font.getmask("\U000e0001").getbbox(), bytes(font.getmask("\U000e0001"))
    names = {c for place in gazetteer for c in place.name}
    assert [c for c in names if (font.getmask(c).getbbox(), bytes(font.getmask(c))) == missing] == []
