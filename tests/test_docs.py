"""Every command, setting, channel and intent stands in the documentation."""

import re

import pytest

from app import create_app
from bot.skills import SKILLS
from config import Settings
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh.md").read_text(encoding="utf-8")
INTENTS = (ROOT / "docs" / "intents.md").read_text(encoding="utf-8")
MAPPINGS = (ROOT / "docs" / "mappings.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def app():
    return create_app(Settings(database_url="sqlite://"))


def test_every_command_is_documented(app) -> None:
    for name in app.cli.commands:
        assert f"flask {name}" in README, name
        assert f"flask {name}" in CHINESE, name


def test_every_setting_is_documented() -> None:
    for name in Settings.model_fields:
        assert f"`{name}`" in README, name


def test_every_route_is_documented(app) -> None:
    for rule in app.url_map.iter_rules():
        if not rule.rule.startswith("/static"):
            assert f"{rule.rule}`" in README, rule.rule


def test_every_intent_is_documented_with_an_example() -> None:
    for name in SKILLS:
        assert re.search(rf"^\| `{name}` \| .+ \| .+ \|$", INTENTS, re.MULTILINE), name


def test_every_documented_intent_and_command_exists(app) -> None:
    from bot.assistant import ABOUT_THE_LAST

    for name in re.findall(r"^\| `(\w+)` \|", INTENTS, re.MULTILINE):
        assert name in SKILLS or name in ABOUT_THE_LAST or name == "follow_up", name
    for name in set(re.findall(r"flask ([a-z]+)", README)):
        assert name in app.cli.commands, name


def test_every_file_the_readme_links_is_there() -> None:
    for text in (README, CHINESE):
        for target in re.findall(r"\]\((?!http)([^)#]+)\)", text):
            assert (ROOT / target).exists(), target
