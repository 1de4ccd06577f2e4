"""The information channel: MPEG-TS for a cable head-end, HLS for trying it in a browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import TypeVar

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from channels.base import Gate, Service
from channels.base.refusals import RefusedError, http_error
from channels.tv.loop import hls
from channels.tv.loop.broadcast import Broadcast, Moment, NothingToShowError, Speak, streamed
from channels.tv.loop.coding import KINDS, CodingError, Kind
from channels.tv.loop.drawing import Camera
from channels.tv.teletext import carousel

#: So many streams are sent at a time by one process of 8 threads: each keeps a thread, and others ask too.
STREAMS = 4

#: A live stream runs so many seconds ahead, so that pages are made anew in time when the data change.
AHEAD = 5

#: How many playlists and streams one address may ask for a minute; the longest stream that may be asked for at once, in
#: seconds.
PER_MINUTE, LONGEST = 60, 3600

T = TypeVar("T")

_STREAM, _PLAYLIST = "video/mp2t", "application/vnd.apple.mpegurl"

#: Nothing is kept on the way: what is on the air changes.
_FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


def routes(service: Service) -> Blueprint:
    """`GET /tv/loop/<place>.ts[?seconds=N][&kind=sd]`, `/tv/loop/<place>.m3u8` and its segments."""
    blueprint = Blueprint("tv_loop", __name__)
    gate = Gate(PER_MINUTE)
    free = threading.BoundedSemaphore(STREAMS)

    def asked(place: str) -> tuple[Broadcast, Kind]:
        if gate.admit("tv_loop", request.remote_addr or "") != "in":
            raise http_error(429)
        kind = _kind()
        return broadcast(service, place, kind), kind

    @blueprint.get("/tv/loop/<place>.ts")
    def stream(place: str) -> ResponseReturnValue:
        loop, kind = asked(place)
        moments = loop.live(service.desk.now)
        seconds = request.args.get("seconds")
        if seconds is None:
            return _sent(_paced(pieces(service, place, moments, kind)), free)
        if not (seconds.isascii() and seconds.isdecimal() and 1 <= int(seconds[:9]) <= LONGEST):
            raise RefusedError(
                *(400, "seconds", f"seconds 要在1到{LONGEST}之间；不写就一直播。"),
                f"seconds must be 1 to {LONGEST}; without it the stream has no end.",
            )
        return _sent(pieces(service, place, islice(moments, int(seconds)), kind), free)

    @blueprint.get("/tv/loop/<place>.m3u8")
    def playlist(place: str) -> ResponseReturnValue:
        loop, kind = asked(place)
        _enter(free)
        try:
            shown = _guarded(lambda: hls.playlist(loop, place, kind))
        finally:
            free.release()
        return Response(shown, mimetype=_PLAYLIST, headers=_FRESH)

    @blueprint.get("/tv/loop/<place>/<int:at>.ts")
    def segment(place: str, at: int) -> ResponseReturnValue:
        loop, kind = asked(place)
        if not _guarded(lambda: at < min(len(loop.screens()), hls.SCREENS)):
            raise http_error(404)
        return _sent(pieces(service, place, loop.screen(at), kind, teletext=False), free)

    return blueprint


def broadcast(service: Service, place: str, kind: Kind, speak: Speak | None = None) -> Broadcast:
    """The loop of a place by its division code, spoken by the service's voice. Raises RefusedError where there is none."""
    known = service.places.get(place)
    if known is None or (len(place) > 6 and place not in service.magazine.place_numbers()):
        raise RefusedError(
            *(404, "no_place", "没有这个地方的节目，请用6位（县）、9位（乡镇）或12位（村）的区划代码。"),
            f"There is no loop of {place}; use a division code of 6 (county), 9 (town) or 12 digits (village).",
        )
    always = (name(service, place), f"有事请打{service.settings.hotline}")
    return Broadcast(service.magazine, place, camera(kind), speak or service.speech, always)


def name(service: Service, place: str) -> str:
    """The name of a place's service on the air, as a box lists it."""
    return f"{service.places.full_name(place)}信息频道"


def pieces(
    service: Service, place: str, moments: Iterator[Moment], kind: Kind, teletext: bool = True
) -> Iterator[bytes]:
    """Moments of a place as pieces of its transport stream, about one a second, with its pages as teletext."""
    text = carousel.fields(service.magazine, place) if teletext else None
    return streamed(moments, kind, name(service, place), service.settings.county_name, text)


@cache
def camera(kind: Kind) -> Camera:
    """The one camera of a kind in this process: what one viewer sees is not drawn again for the next."""
    return Camera(kind)


def _kind() -> Kind:
    kind = KINDS.get(request.args.get("kind", "hd"))
    if kind is None:
        known = "、".join(KINDS)
        raise RefusedError(400, "kind", f"kind 只能是 {known}。", f"kind must be one of {', '.join(KINDS)}.")
    return kind


def _paced(stream: Iterator[bytes]) -> Iterator[bytes]:
    """A stream at the speed at which it is watched."""
    begun = time.monotonic()
    for second, piece in enumerate(stream, 1):
        yield piece
        time.sleep(max(0.0, begun + second - AHEAD - time.monotonic()))


def _enter(free: threading.BoundedSemaphore) -> None:
    """Take room for one stream. Raises RefusedError where there is none."""
    if not free.acquire(blocking=False):
        raise RefusedError(
            *(503, "busy", f"同时只能播{STREAMS}路，请过一会儿再试。"),
            f"{STREAMS} streams are being sent, no more at a time; try again later.",
            retryable=True,
        )


def _sent(stream: Iterator[bytes], free: threading.BoundedSemaphore) -> Response:
    """A stream, if there is room for one. What keeps it from beginning is said instead of it."""
    _enter(free)
    try:
        begun = _guarded(lambda: next(stream))
    except BaseException:
        free.release()
        raise
    response = Response(_whole(begun, stream), mimetype=_STREAM, headers=_FRESH)
    response.call_on_close(free.release)
    return response


def _whole(begun: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield begun
    yield from rest


def _guarded(what: Callable[[], T]) -> T:
    """The value of a call; what a broadcast cannot do becomes a refusal."""
    try:
        return what()
    except NothingToShowError:
        raise RefusedError(404, "empty", "这个地方还没有页面可播。", "There is no page to show yet.") from None
    except CodingError as error:
        raise RefusedError(503, "coding", "这台机器播不了电视，请看日志或运行 flask check。", str(error)) from None
