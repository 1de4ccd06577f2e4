"""The settings: `config.yml`, overridden by XIANGYIN_* variables, checked once at start."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import click
import yaml
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

ROOT = Path(__file__).parent
PREFIX = "XIANGYIN_"
SHANGHAI = ZoneInfo("Asia/Shanghai")

#: Keys of config.yml that belong to Rasa 3.6 and mean nothing to the service.
RASA_KEYS = frozenset({"recipe", "assistant_id", "language", "pipeline", "policies", "importers"})

#: Days of the week (1 is Monday) and times of the day, such as `1-5 08:30-12:00 14:00-17:30`.
HOURS = r"^[1-7](-[1-7])?( ([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)+$"


class SettingsError(click.ClickException):
    """A setting that cannot be used; the text says which one and what to do."""


class Settings(BaseModel):
    """Every setting of the service. Field names are the keys of config.yml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    database_url: str = "sqlite:///data/xiangyin.db"
    sqlite_synchronous: Literal["NORMAL", "FULL", "EXTRA"] = "NORMAL"
    today: date | None = None
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=1, le=65535)
    workers: int = Field(2, ge=1, le=64)
    public_url: str = ""
    understanding: Literal["embedded", "rasa"] = "embedded"
    rasa_url: str = Field("http://127.0.0.1:5005", pattern=r"^https?://")
    county_code: str = Field("130283", pattern=r"^\d{6}$")
    county_name: str = "迁安市"
    hotline: str = "12345"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    api_token: SecretStr | None = None
    metrics_token: SecretStr | None = None
    twilio_auth_token: SecretStr | None = None
    twilio_account_sid: str = Field("", pattern=r"^(AC[0-9a-fA-F]{32})?$")
    twilio_number: str = Field("", pattern=r"^(\+\d{5,15})?$")
    twilio_api_url: str = Field("https://api.twilio.com", pattern=r"^https?://")
    phone_person: str = Field("", pattern=r"^(\+?\d{3,15})?$")
    phone_hours: str = Field("1-5 08:30-12:00 14:00-17:30", pattern=HOURS)
    phone_ring_seconds: int = Field(4, ge=0, le=20)
    rasa_token: SecretStr | None = None
    tv_token: SecretStr | None = None
    kannel_secret: SecretStr | None = None
    kannel_answers: Literal["response", "outbox"] = "response"
    kannel_send_url: str = Field("", pattern=r"^(https?://[^/]+/.*)?$")
    kannel_user: str = ""
    kannel_password: SecretStr | None = None
    kannel_sender: str = ""
    kannel_per_second: float = Field(10, gt=0)
    kannel_connections: int = Field(32, ge=1, le=100)
    gammu_database_url: SecretStr | None = None
    gammu_per_minute: float = Field(10, gt=0)
    sms_prices: str = Field("", pattern=r"^(\s*(\*|\+?\d+|\+)\s*=\s*\d+(\.\d+)?\s*(,|$))*$")
    wechat_token: SecretStr | None = None
    wechat_app_id: SecretStr | None = None
    wechat_app_secret: SecretStr | None = None
    wechat_aes_key: SecretStr | None = None
    wechat_previous_aes_key: SecretStr | None = None
    wechat_api_url: str = Field("https://api.weixin.qq.com", pattern=r"^https?://")
    limits_url: str = Field("memory://", pattern=r"^(memory://|rediss?://.+)$")
    sender_per_minute: int = Field(3000, ge=1)
    voice: Literal["espeak", "sherpa", "gtts"] = "espeak"
    sherpa_model: Path | None = None
    gtts: bool = False
    audio_folder: Path = Path("data/audio")
    speaker_silent_minutes: int = Field(15, ge=2)
    icecast_url: SecretStr | None = None
    cap_token: SecretStr | None = None
    cap_senders: str = Field("", pattern=r"^[^<&]*$")
    message_days: int = Field(90, ge=1)

    @field_validator("wechat_aes_key", "wechat_previous_aes_key")
    @classmethod
    def _whole_key(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"[A-Za-z0-9+/]{43}", value.get_secret_value()):
            raise ValueError("the EncodingAESKey of WeChat's console has 43 letters and digits")
        return value

    @field_validator("icecast_url")
    @classmethod
    def _whole_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value and not re.fullmatch(r"https?://[^:@/]+:[^@/]+@[^:@/]+(:\d+)?/?", value.get_secret_value()):
            raise ValueError("write it as http://source:PASSWORD@HOST:8000")
        return value

    @property
    def own_url(self) -> str:
        """The URL under which programs reach this service: without a slash at its end."""
        return (self.public_url or f"http://127.0.0.1:{self.port}").rstrip("/")

    def now(self) -> datetime:
        """The local time; with `today` set, that day at the real time of day."""
        real = datetime.now(SHANGHAI)
        return datetime.combine(self.today, real.timetz()) if self.today else real


SECRETS = frozenset(name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation))


def load(path: Path = ROOT / "config.yml", environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings from a file and the environment.

    Raises SettingsError naming the setting, with "did you mean" for an unknown one.
    """
    try:
        values: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except FileNotFoundError:
        values = {}
    except yaml.YAMLError as error:
        raise SettingsError(f"{path}: not readable as YAML: {error}") from None
    if not isinstance(values, dict):
        raise SettingsError(f"{path}: expected settings as `name: value` lines")
    values = {key: value for key, value in values.items() if key not in RASA_KEYS}
    known = set(Settings.model_fields)
    for key in values:
        _check_known(str(key), known | RASA_KEYS, f"{path.name}: {key}")
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable.removeprefix(PREFIX).lower()
        if name.endswith("_file") and name.removesuffix("_file") in SECRETS:
            try:
                values[name.removesuffix("_file")] = Path(text).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(f"{variable}: cannot read {text}: {error.strerror}") from None
            continue
        _check_known(name, known, variable)
        values[name] = text if text != "" else None
    values = {key: value for key, value in values.items() if value is not None}
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"setting {name}: {first['msg']} (in config.yml or {PREFIX}{name.upper()})") from None


def _check_known(name: str, known: set[str] | frozenset[str], where: str) -> None:
    if name in known:
        return
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else f"; known are: {', '.join(sorted(known))}"
    raise SettingsError(f"{where}: unknown setting{hint}")
