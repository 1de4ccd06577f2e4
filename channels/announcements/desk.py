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


class Office(click.Group):
    """A group of commands that says in Chinese, too, what of a command line it does not understand."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            path = (error.ctx or ctx).command_path
            raise Refused(f"{_misread(error)}用 {path} --help 看怎么写。") from None


def _misread(error: click.UsageError) -> str:
    parameter = getattr(error, "param", None)
    name = parameter.opts[0] if isinstance(parameter, click.Option) else parameter and parameter.human_readable_name
    if isinstance(error, click.MissingParameter):
        return f"没有写 {name}。"
    if isinstance(error, click.NoSuchOption):
        return f"没有 {error.option_name} 这个选项。"
    if isinstance(error, click.BadParameter) and parameter is not None:
        if isinstance(parameter.type, click.Choice):
            return f"{name} 只能是 {'、'.join(map(str, parameter.type.choices))}。"
        return f"{name} 要写数字。" if parameter.type in (click.INT, click.FLOAT) else f"{name} 写得不对。"
    return "没有这条命令。" if error.message.startswith("No such command") else f"{error.format_message()} "


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
