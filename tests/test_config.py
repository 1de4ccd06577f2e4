"""Settings are checked once, at start, and say what to do."""

from datetime import date
from pathlib import Path

import pytest

import config


def load(tmp_path: Path, text: str = "", **environ: str) -> config.Settings:
    path = tmp_path / "config.yml"
    path.write_text(text, encoding="utf-8")
    return config.load(path, environ)


def test_the_shipped_file_loads_and_sets_what_rasa_needs() -> None:
    settings = config.load(environ={})
    assert settings.port == 8080
    assert "assistant_id" in (config.ROOT / "config.yml").read_text(encoding="utf-8")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    settings = load(tmp_path, "port: 8081\n", XIANGYIN_PORT="9000", XIANGYIN_TODAY="2026-11-23", OTHER="x")
    assert settings.port == 9000
    assert settings.today == date(2026, 11, 23)
    assert settings.now().date() == date(2026, 11, 23)
    assert settings.now().utcoffset() is not None


@pytest.mark.parametrize(
    ("text", "environ", "complaint"),
    [
        ("databse_url: x\n", {}, "did you mean database_url"),
        ("", {"XIANGYIN_DATABSE_URL": "x"}, "XIANGYIN_DATABSE_URL: unknown setting; did you mean database_url"),
        ("zzzzqqqq: 1\n", {}, "known are: "),
        ("port: 70000\n", {}, "setting port"),
        ("port: many\n", {}, "XIANGYIN_PORT"),
        ("understanding: magic\n", {}, "setting understanding"),
        ("", {"XIANGYIN_TODAY": "yesterday"}, "setting today"),
        ("- a\n- b\n", {}, "name: value"),
        ("a: [b\n", {}, "not readable as YAML"),
        ("", {"XIANGYIN_API_TOKEN_FILE": "/nowhere/token"}, "cannot read /nowhere/token"),
        ("", {"XIANGYIN_PORT_FILE": "/nowhere"}, "unknown setting"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    tmp_path: Path, text: str, environ: dict[str, str], complaint: str
) -> None:
    with pytest.raises(config.SettingsError, match=complaint):
        load(tmp_path, text, **environ)


def test_a_secret_comes_from_a_file_and_does_not_show(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("s3cret\n")
    settings = load(tmp_path, "", XIANGYIN_API_TOKEN_FILE=str(secret))
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == "s3cret"
    assert "s3cret" not in repr(settings)


def test_a_bad_secret_is_not_repeated_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(config.SettingsError) as caught:
        load(tmp_path, "twilio_auth_token: [hush, hush]\n")
    assert "hush" not in str(caught.value)
