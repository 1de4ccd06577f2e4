"""`flask import` and `flask quarantine`: what they print, where, and with which exit code."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import Service
from config import Settings
from knowledge import database
from knowledge.imports import commands
from knowledge.tables import FinanceEntry, Source
from tests.conftest import ROOT
from tests.knowledge.test_imports_files import ENTRY, FINANCE, put

BAD = [*ENTRY[:6], "见附件", "记2"]


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """An application with the two commands on a database file that does not exist yet."""
    made = Flask(__name__)
    settings = Settings(database_url=f"sqlite:///{tmp_path / 'data' / 'x.db'}", today="2026-11-23")
    made.extensions["xiangyin"] = Service(settings, database.connect(settings.database_url))
    for command in commands.COMMANDS:
        made.cli.add_command(command)
    return made


def flask(app: Flask, *arguments: str | Path) -> Result:
    return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])


def test_an_empty_database_is_made_and_json_alone_stands_on_stdout(app: Flask, tmp_path: Path) -> None:
    put(tmp_path / "in" / "账.csv", FINANCE, ENTRY, ENTRY, BAD)
    result = flask(app, "import", tmp_path / "in", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {
        "datasets": [{"name": "finance", "read": 3, "stored": 1, "unchanged": 1, "quarantined": 1}],
        "errors": [],
    }
    assert "[1/1] 账.csv" in result.stderr


def test_people_get_a_table_and_are_told_where_the_reasons_are(app: Flask, tmp_path: Path) -> None:
    result = flask(app, "import", put(tmp_path / "账.csv", FINANCE, ENTRY, BAD))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1].split() == ["村务财务收支", "2", "1", "0", "1"]
    assert "flask quarantine" in result.stdout


def test_a_file_that_is_not_taken_makes_exit_code_1_and_the_rest_goes_in(app: Flask, tmp_path: Path) -> None:
    good = put(tmp_path / "账.csv", FINANCE, ENTRY)
    (tmp_path / "坏.xlsx").write_bytes(b"PK\x03\x04")
    result = flask(app, "import", good, tmp_path / "坏.xlsx", tmp_path / "没有.csv", "--json")
    assert result.exit_code == 1
    summary = json.loads(result.stdout)
    assert [d["stored"] for d in summary["datasets"]] == [1]
    assert [error["file"] for error in summary["errors"]] == ["坏.xlsx", "没有.csv"]
    assert "没有收 坏.xlsx" in result.stderr
    assert "Traceback" not in result.stderr


def test_readme_and_underscored_files_are_passed_over(app: Flask, tmp_path: Path) -> None:
    for name in ("README.md", "_dirty.json", ".hidden.csv", "~$账.xlsx", "_旧/账.csv"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "in" / name).write_text("x", encoding="utf-8")
    result = flask(app, "import", tmp_path / "in")
    assert (result.exit_code, result.stdout.strip()) == (0, "没有导入任何数据。")


def test_the_quarantine_is_listed_and_retried(app: Flask, tmp_path: Path) -> None:
    path = put(tmp_path / "in" / "农经站" / "账.csv", FINANCE, ENTRY, BAD)
    flask(app, "import", tmp_path / "in")
    [row] = json.loads(flask(app, "quarantine", "--json").stdout)
    assert set(row) == {"file", "sheet", "row", "reason", "raw"}
    assert (row["file"], row["sheet"], row["row"]) == ("农经站/账.csv", "", 3)
    assert row["raw"]["金额（元）"] == "见附件"
    assert "农经站/账.csv 第3行" in flask(app, "quarantine").stdout
    put(path, FINANCE, ENTRY, [*ENTRY[:6], "5", "记2"])
    result = flask(app, "quarantine", "retry", "--json")
    assert json.loads(result.stdout)["datasets"][0]["stored"] == 1
    assert json.loads(flask(app, "quarantine", "--json").stdout) == []
    assert flask(app, "quarantine").stdout.strip() == "没有被隔离的行。"


def test_retry_of_a_file_that_is_gone_says_so(app: Flask, tmp_path: Path) -> None:
    path = put(tmp_path / "账.csv", FINANCE, ENTRY, BAD)
    flask(app, "import", path)
    path.unlink()
    result = flask(app, "quarantine", "retry")
    assert result.exit_code == 1
    assert "没有这个文件" in result.stderr
    assert len(json.loads(flask(app, "quarantine", "--json").stdout)) == 1


def test_ctrl_c_leaves_the_data_as_they_were_and_says_so(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put(tmp_path / "in" / f"账{number}.csv", FINANCE, [*ENTRY[:7], f"记{number}"])
    real = commands.import_paths

    def interrupted(engine, paths, now, progress, places):
        def stop(name: str, number: int, total: int) -> None:
            if number == 3:
                os.kill(os.getpid(), signal.SIGINT)

        return real(engine, paths, now, stop, places)

    monkeypatch.setattr(commands, "import_paths", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background ignores it
    try:
        result = flask(app, "import", tmp_path / "in")
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.exit_code == 130
    assert "数据没有改动" in result.stderr
    with Session(app.extensions["xiangyin"].engine) as session:
        assert session.scalars(select(FinanceEntry)).all() == []
        assert session.scalars(select(Source)).all() == []


def test_a_mapping_with_a_mistake_is_named(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from knowledge.imports import sheets
    from knowledge.imports.mapping import MappingError

    def broken() -> None:
        raise MappingError("mapping x.yml: ValueError: field day: unknown key tpye")

    monkeypatch.setattr(sheets, "load_all", broken)
    result = flask(app, "import", put(tmp_path / "账.csv", FINANCE, ENTRY))
    assert result.exit_code == 2
    assert "x.yml" in result.stderr


def test_the_installed_command_imports_a_file_outside_its_folder(tmp_path: Path) -> None:
    path = put(tmp_path / "账 目.csv", FINANCE, ENTRY)
    environment = os.environ | {"XIANGYIN_DATABASE_URL": f"sqlite:///{tmp_path / 'x.db'}"}
    command = [sys.executable, "-m", "flask", "--app", str(ROOT / "app.py"), "import", str(path), "--json"]
    done = subprocess.run(
        command, check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["datasets"][0]["stored"] == 1
