"""Who may import whom. A new arrow is a decision: it is written here and in ARCHITECTURE.md, or not drawn."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: What a part may import of ours; the longest matching prefix counts.
ALLOWED: dict[str, tuple[str, ...]] = {
    "config": (),
    "bot.__init__": (),
    "bot.messages": (),
    "bot.understanding": ("bot.messages", "bot.understanding"),
    "bot.understanding.commands": ("bot.messages", "bot.understanding", "app"),
    "bot.charts": (),
    "bot.rasa": ("bot.understanding",),
    "bot.conversation": ("bot.messages", "bot.understanding.query"),
    "bot.skills": ("bot.messages", "bot.charts", "bot.understanding.query", "bot.skills", "knowledge"),
    # a page is written beside the answers whose words and figures it takes; the page model is a value like a Reply
    "bot.magazine": (
        *("bot.messages", "bot.skills", "bot.magazine", "bot.understanding.query", "knowledge"),
        "channels.tv.pages",
    ),
    "bot.assistant": ("bot.messages", "bot.conversation", "bot.skills", "bot.understanding.query", "knowledge"),
    "bot.commands": ("bot.messages", "knowledge", "app"),
    "bot.data_check": ("bot.understanding",),
    "knowledge": ("knowledge",),
    "knowledge.commands": ("knowledge", "app"),
    "knowledge.imports.commands": ("knowledge", "app"),
    "tts": ("tts",),
    "tts.commands": ("tts", "app"),
    "channels": ("bot.messages", "channels.base"),
    "channels.__init__": ("channels",),
    "channels.tv.pages": (),
    "channels.tv.commands": ("channels.tv", "app"),
    "channels.tv.loop.commands": ("channels.base", "channels.tv", "app"),
    "channels.tv.teletext.commands": ("channels.tv", "app"),
    "channels.web.commands": ("channels.base", "app"),
    # staff work with announcements through these commands, as with imports through theirs
    "channels.announcements.cap.commands": ("channels.announcements", "app"),
    "channels.announcements.speakers.commands": ("channels.announcements", "app"),
    "channels.announcements.commands": ("channels.announcements", "knowledge.announcements", "app"),
    "channels.announcements.commands_preview": (
        *("channels.announcements", "channels.tv.text", "knowledge.announcements", "app"),
    ),
    "channels.announcements.commands_reports": ("channels.announcements", "knowledge.announcements", "app"),
    "channels.announcements.commands_writing": ("channels.announcements", "knowledge.announcements", "app"),
    "channels.announcements.commands_staff": ("channels.announcements", "app"),
    "channels.announcements.desk": ("channels.announcements", "knowledge.announcements", "app"),
    "channels.outbox.commands": ("channels", "app"),
    "operations": ("knowledge", "app"),
    "app": ("",),
}
OURS = ("app", "bot", "channels", "config", "knowledge", "operations", "tts")


def modules() -> dict[str, Path]:
    """All modules of the project by dotted name, without tests and benchmarks."""
    paths = [ROOT / f"{name}.py" for name in OURS if (ROOT / f"{name}.py").exists()]
    for name in OURS:
        paths += (ROOT / name).rglob("*.py")
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths if "migrations" not in path.parts
    }


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, inside functions too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.split(".")[0] in OURS}


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(prefix in ("", name) or name.startswith(prefix + ".") for prefix in prefixes)


@pytest.mark.parametrize("module", sorted(modules()))
def test_imports_follow_the_arrows(module: str) -> None:
    rule = max((name for name in ALLOWED if within(module, (name,))), key=len, default=None)
    assert rule is not None, f"{module} stands in no part: decide who may import it and whom it may import"
    allowed = ALLOWED[rule]
    if rule == "channels":  # a channel's folder is one room
        allowed += (".".join(module.split(".")[:2]),)
    wrong = {name for name in imported(modules()[module]) if not within(name, allowed)}
    assert not wrong, f"{module} may import {allowed}, not {sorted(wrong)}"


def test_a_forbidden_import_is_seen(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from knowledge import prices\n    import bot.skills.prices\n")
    assert imported(bad) == {"knowledge.prices", "bot.skills.prices"}
    assert not within("knowledge.prices", ALLOWED["channels"])
