"""What somebody wrote down becomes an announcement, or sentences that say what to mend. Pure: no I/O, no clock.

Written values are texts as a command line or a form hands them in; checked ones are fields of
`knowledge.announcements.Draft`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Protocol
from unicodedata import category

from channels.announcements import wording
from channels.announcements.speakers.plays import QUIET_FROM, QUIET_UNTIL
from channels.announcements.wording import Said
from channels.base.places import Gazetteer, Place

#: The outlets, and what staff call them.
OUTLETS = {"speaker": "大喇叭", "sms": "短信", "call": "电话", "wechat": "微信", "tv": "电视", "web": "网页"}
PERSONAL = ("wechat", "sms", "call")

#: What fits: characters of a title and a text, parts of a text message, bytes of a message on WeChat.
TITLE, TEXT, PARTS, CHAT = 30, 2000, 3, 2000

#: How long an announcement is in force if nobody says otherwise.
LASTS = {"routine": timedelta(days=3), "emergency": timedelta(days=1)}

_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2}))?")
_HOUR = re.compile(r"(\d{1,2}):(\d{2})")

#: What is a private person's: their mobile number, identity card, bank account.
_PRIVATE = (
    ("手机号", re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")),
    ("身份证号", re.compile(r"(?<!\d)[1-9]\d{16}[\dXx](?!\d)")),
    ("银行账号", re.compile(r"(?<!\d)[3-6]\d{15,18}(?!\d)")),
)


class ComposingError(Exception):
    """An announcement that cannot be taken: `problems` are sentences in Chinese that say what to mend."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Draft(Said, Protocol):
    """See `knowledge.announcements.Draft`."""

    @property
    def places(self) -> Sequence[str]: ...
    @property
    def groups(self) -> Sequence[str]: ...
    @property
    def outlets(self) -> Sequence[str]: ...
    @property
    def hours(self) -> Sequence[str]: ...
    @property
    def category(self) -> str: ...
    @property
    def starts(self) -> datetime: ...
    @property
    def ends(self) -> datetime: ...


# --- reading what was written ----------------------------------------------------------------------------------------


def place(written: str, places: Gazetteer) -> str:
    """The code of a place, by its code or its name. Raises ComposingError for none, or several, of that name."""
    written = written.strip()
    if written.isascii() and written.isdigit():
        if places.get(written):
            return written
        raise ComposingError([f"没有代码是{written}的地方：代码是6位（县）、9位（乡镇）或12位（村），也可以写地名。"])
    found = {unit.code: unit for unit in places.units(written)}
    county, town = places.county, places.town(written)
    if town and not (found and written.endswith("村")):
        found = {town.code: town} if written == town.name else {town.code: town, **found}
    if written in (county.name, county.name[:-1]):
        found = {county.code: county}
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise ComposingError([f"没有叫“{written}”的地方：请写全名（乡镇加村名），或写代码。"])
    named = "、".join(f"{places.full_name(code)}（{code}）" for code in sorted(found))
    raise ComposingError([f"“{written}”有{len(found)}个：{named}。请写代码。"])


def within(codes: Iterable[str]) -> tuple[str, ...]:
    """Places without repeats, and without those that lie in another of them; the first stays first."""
    given = list(dict.fromkeys(codes))
    return tuple(code for code in given if not any(code != other and code.startswith(other) for other in given))


def moment(written: str, now: datetime, end: bool = False) -> datetime:
    """A local moment: a date, a date and a time, or a time of today. A date alone is its beginning, or its `end`."""
    text = written.strip().replace("：", ":").replace("/", "-")
    try:
        if hour := _HOUR.fullmatch(text):
            return now.replace(hour=int(hour[1]), minute=int(hour[2]), second=0, microsecond=0)
        if day := _DAY.fullmatch(text):
            clock = (int(day[4]), int(day[5])) if day[4] else (23, 59) if end else (0, 0)
            return datetime(int(day[1]), int(day[2]), int(day[3]), *clock, tzinfo=now.tzinfo)
        read = datetime.fromisoformat(text)
        return read if read.tzinfo else read.replace(tzinfo=now.tzinfo)
    except ValueError:
        raise ComposingError([f"看不懂时间“{written}”：请写成 2026-11-28 07:00、2026-11-28 或 07:00。"]) from None


def outlet(written: str) -> str:
    """An outlet by its name, Chinese or not; the text itself where it is none (`problems` tells)."""
    return {chinese: name for name, chinese in OUTLETS.items()}.get(written, written)


def hour(written: str) -> str:
    """A time of the day as HH:MM; the text itself where it is none."""
    found = _HOUR.fullmatch(written.strip().replace("：", ":"))
    return f"{int(found[1]):02}:{found[2]}" if found else written


def plain(text: str) -> str:
    """A text without what other editors leave in it: a byte order mark, line ends of theirs, tabs, empty ends."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\t", " ").strip()


def completed(given: Mapping[str, Any], now: datetime, publisher: str) -> dict[str, Any]:
    """The fields of a new draft: those that are given, and what is sensible for the others."""
    urgency = given.get("urgency", "routine")
    outlets = given.get("outlets") or (PERSONAL if given.get("groups") else tuple(OUTLETS))
    starts = given.get("starts", now)
    ends = starts + LASTS[urgency]
    return {"urgency": urgency, "outlets": outlets, "starts": starts, "ends": ends, "publisher": publisher, **given}


def publisher(place: Place, places: Gazetteer) -> str:
    """Who speaks for a place if nobody says otherwise."""
    name = places.full_name(place.code)
    if place.kind == "village":
        return f"{name}委会"
    if place.kind == "community":
        return name
    return f"{name}办事处" if name.endswith("街道") else f"{name}政府"


# --- checking it -----------------------------------------------------------------------------------------------------


def problems(draft: Draft, parts: Callable[[str], int], now: datetime, groups: Collection[str]) -> list[str]:
    """What keeps an announcement from being taken. `parts` counts the text messages of a text; `groups` are known."""
    found = [*_wording(draft), *_times(draft, now)]
    unknown = [name for name in draft.outlets if name not in OUTLETS]
    if unknown:
        known = "、".join(f"{name}（{chinese}）" for name, chinese in OUTLETS.items())
        found.append(f"没有“{'、'.join(unknown)}”这个渠道，可用的是：{known}。")
    if not draft.places:
        found.append("没说给哪里听：请用 --place 写地名或代码，可以写几个。")
    missing = [name for name in draft.groups if name not in groups]
    if missing:
        known = f"现有：{'、'.join(sorted(groups))}。" if groups else ""
        found.append(f"没有“{'、'.join(missing)}”这个组：先用 flask announce group 名字 文件 建组。{known}")
    if draft.confirm and not set(draft.outlets) & set(PERSONAL):
        found.append("要收到回执（--confirm），渠道里要有短信、电话或微信。")
    return found or _lengths(draft, parts)


def _wording(draft: Draft) -> Iterable[str]:
    if not draft.title:
        yield "没有标题：请写一句话的标题。"
    if len(draft.title) > TITLE:
        yield f"标题有{len(draft.title)}个字，最多{TITLE}个：请把细节放进正文。"
    if "\n" in draft.title or "\n" in draft.publisher:
        yield "标题和落款只能写一行。"
    if not draft.text:
        yield "没有正文：请写上要说的话，或用 --file 指一个文本文件。"
    if len(draft.text) > TEXT:
        yield f"正文有{len(draft.text)}个字，最多{TEXT}个：请只留要紧的。"
    if not draft.publisher or len(draft.publisher) > 60:
        yield "落款（--publisher）要写，最多60个字。"
    if not draft.category or len(draft.category) > 20:
        yield "类别（--category）要写，最多20个字。"
    for name, text in (("标题", draft.title), ("正文", draft.text), ("短文", draft.short), ("落款", draft.publisher)):
        for at, character in enumerate(text):
            if category(character) in ("Cc", "Cf", "Cs", "Co") and character != "\n":
                yield f"{name}第{at + 1}个字是看不见的控制符（U+{ord(character):04X}）：请删掉再来。"
                break


def _times(draft: Draft, now: datetime) -> Iterable[str]:
    if draft.ends <= draft.starts:
        yield f"截止（{shown(draft.ends, now)}）不晚于开始（{shown(draft.starts, now)}）：请改 --from 或 --until。"
    elif draft.ends <= now:
        yield f"截止（{shown(draft.ends, now)}）已经过了：请改 --until。"
    for written in draft.hours:
        try:
            clock = time.fromisoformat(written)
        except ValueError:
            yield f"看不懂播出时刻“{written}”：请写成 07:00。"
            continue
        if draft.urgency == "routine" and (clock >= QUIET_FROM or clock < QUIET_UNTIL):
            yield f"{written}在夜里（21:00到06:30），那时只播紧急的：请换个时刻。"


def _lengths(draft: Draft, parts: Callable[[str], int]) -> list[str]:
    found = []
    if "sms" in draft.outlets and (count := parts(wording.message(draft))) > PARTS:
        said = f"短信要拆成{count}条，最多{PARTS}条"
        found.append(f"{said}：请用 --short 另写一段给短信用的，不超过{room(draft, parts)}个字。")
    if "wechat" in draft.outlets and (size := len(wording.chat(draft).encode())) > CHAT:
        found.append(f"微信一条最多{CHAT}字节，这一条有{size}：请缩短正文，或不选微信。")
    return found


def room(draft: Draft, parts: Callable[[str], int]) -> int:
    """How many hanzi the text of a text message may have beside title, sender and what asks for an answer."""
    frame = len(wording.message(draft)) - len(draft.short or draft.text)
    longest = 0
    while parts("字" * (frame + longest + 1)) <= PARTS:
        longest += 1
    return longest


def doubts(draft: Draft) -> list[str]:
    """What is probably not meant, but may be."""
    found = []
    said = "\n".join((draft.title, draft.text, draft.short))
    for name, pattern in _PRIVATE:
        for number in dict.fromkeys(pattern.findall(said)):
            found.append(f"文字里有{name}{number[:3]}…{number[-2:]}：如果是私人的，请删掉再发。")
    if draft.groups and (
        public := [OUTLETS[name] for name in draft.outlets if name in OUTLETS and name not in PERSONAL]
    ):
        found.append(f"分组只管发给谁；{'、'.join(public)}是大家都听得见、看得见的。")
    return found


def shown(at: datetime, now: datetime) -> str:
    """A moment in the local time of `now`."""
    return f"{at.astimezone(now.tzinfo):%Y-%m-%d %H:%M}"
