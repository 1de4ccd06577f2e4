"""What is announced just now: the notices that the platform hands on and the announcements of staff, told alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from bot.magazine.sheet import Block
from bot.skills.base import Context
from bot.skills.when import dated, short_day
from channels.tv import pages
from channels.tv.pages import GREEN, YELLOW
from knowledge import alerts, notices
from knowledge.announcements import showing
from knowledge.announcements.tables import Announcement
from knowledge.tables import Notice

OUTLET = "tv"


@dataclass(frozen=True, slots=True)
class News:
    """One notice or announcement. `key` is its own, `by` says who published it when and how long it holds."""

    key: str
    title: str
    text: str
    kind: str
    places: tuple[str, ...]
    by: str
    source: str
    since: datetime
    announced: bool = False
    urgent: bool = False

    @property
    def day(self) -> date:
        """The day on which it was published."""
        return self.since.date()

    @property
    def blocks(self) -> list[Block]:
        """It in full."""
        told = [*pages.paragraph(self.title, YELLOW), *pages.paragraph(self.text)]
        return [told, pages.paragraph(self.by, GREEN)]

    @property
    def speech(self) -> str:
        """It as it is read out."""
        return f"{self.title}\n{self.text}\n{self.by}"


def of_notice(notice: Notice, ctx: Context) -> News:
    """A notice of the platform."""
    until = f"，有效到{dated(notice.expires, ctx.today)}" if notice.expires else ""
    return News(
        key=notice.code,
        title=notice.title,
        text=notice.body,
        kind=notice.kind,
        places=(notice.place,),
        by=f"{notice.publisher}{short_day(notice.published, ctx.today)}发布{until}",
        source=f"{notice.source.department} {notice.published.isoformat()}",
        since=datetime.combine(notice.published, time(), ctx.now.tzinfo),
    )


def of_announcement(row: Announcement, ctx: Context) -> News:
    """An announcement of staff."""
    since = row.starts.astimezone(ctx.now.tzinfo)
    return News(
        key=f"announcement {row.id}",
        title=row.title,
        text=row.text,
        kind=row.category,
        places=tuple(row.places),
        by=f"{row.publisher}{short_day(since.date(), ctx.today)}发布，{until(row.ends, ctx)}前有效",
        source=f"{row.publisher} {since.date().isoformat()}",
        since=since,
        announced=True,
        urgent=row.urgency == "emergency",
    )


def until(moment: datetime, ctx: Context) -> str:
    """11月26日（后天）20时, 11月26日（后天）20时30分."""
    local = moment.astimezone(ctx.now.tzinfo)
    minute = f"{local.minute}分" if local.minute else ""
    return f"{dated(local.date(), ctx.today)}{local.hour}时{minute}"


def announced(ctx: Context, place: str) -> list[News]:
    """The announcements in force for a place and whoever it belongs to, emergencies first, then the latest."""
    return [of_announcement(row, ctx) for row in showing(ctx.session, ctx.now, OUTLET, place)]


def emergencies(ctx: Context) -> list[News]:
    """The emergencies in force anywhere in the county, but for those that repeat a warning in force."""
    known = {alert.identifier for alert in alerts.active(ctx.session, ctx.places.county.code, ctx.now)}
    return [
        of_announcement(row, ctx)
        for row in showing(ctx.session, ctx.now, OUTLET)
        if row.urgency == "emergency" and (row.alert or {}).get("identifier") not in known
    ]


def of_county(ctx: Context) -> list[News]:
    """What is for the whole county: announcements first, then the notices, the latest first."""
    county = ctx.places.county.code
    found = notices.reaching(ctx.session, county, ctx.today)
    handed_on = [of_notice(notice, ctx) for notice in found if notices.in_force(notice, ctx.today)]
    return [*announced(ctx, county), *handed_on]


def is_for_county(news: News, ctx: Context) -> bool:
    """Whether it stands among the county's own pages."""
    return any(ctx.places.county.code.startswith(place) for place in news.places)


def names(news: News, ctx: Context) -> str:
    """The places that it is for."""
    known = [ctx.places.county.name if len(code) <= 6 else _name(code, ctx) for code in news.places]
    return "、".join(name for name in known if name)


def _name(code: str, ctx: Context) -> str:
    place = ctx.places.get(code)
    return place.name if place else ""


def newest(found: Sequence[News]) -> News:
    """The latest one."""
    return max(found, key=lambda news: news.day)
