"""What the commands for announcements share: the service, who acts, and refusals as sentences without a traceback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any, TypeVar

import click
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from channels.announcements import composing
from channels.announcements.composing import ComposingError
from knowledge.announcements.staff import NotAllowedError

if TYPE_CHECKING:
    from app import Service

Command = TypeVar("Command", bound=Callable[..., Any])


class Refused(click.ClickException):
    """A refusal: Chinese sentences on standard error and nothing else."""

    def show(self, file: IO[Any] | None = None) -> None:
        """Say it."""
        click.echo(self.message, file=file, err=file is None)


def service() -> Service:
    """The service whose command this is."""
    found: Service = current_app.extensions["xiangyin"]
    return found


def now() -> datetime:
    """The local time."""
    return service().settings.now()


@contextmanager
def refusing() -> Iterator[None]:
    """Say in a sentence what cannot be done; nothing is stored then."""
    try:
        yield
    except (NotAllowedError, ComposingError) as error:
        raise Refused(str(error)) from None
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
        raise Refused(f"数据库用不了，什么也没有存：{reason}。请检查设置 database_url，再来一次。") from None


def acting(command: Command) -> Command:
    """The option that says who acts."""
    return click.option("--as", "who", required=True, metavar="NAME", help="谁来办（flask staff add 登记的名字）。")(
        command
    )


def as_json(command: Command) -> Command:
    """The option for scripts."""
    return click.option("--json", "json_", is_flag=True, help="给程序读的 JSON。")(command)


def places_of(codes: list[str]) -> str:
    """Places by their names."""
    return "、".join(service().places.full_name(code) for code in codes)


def local(at: datetime) -> str:
    """A moment in local time."""
    return composing.shown(at, now())
