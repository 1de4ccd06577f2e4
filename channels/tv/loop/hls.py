"""A loop for trying it in a browser, by RFC 8216: the first screens of a round, one segment each."""

from __future__ import annotations

from channels.tv.loop.broadcast import Broadcast
from channels.tv.loop.coding import Kind

#: So many screens are shown: their speech is made before the playlist can say how long each one is.
SCREENS = 12


def playlist(loop: Broadcast, place: str, kind: Kind) -> str:
    """The playlist. Each segment is a stream of its own, hence the discontinuities. Raises NothingToShowError."""
    lengths = [loop.length(screen) for screen in loop.screens()[:SCREENS]]
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-PLAYLIST-TYPE:VOD", f"#EXT-X-TARGETDURATION:{max(lengths)}"]
    for at, seconds in enumerate(lengths):
        lines += ["#EXT-X-DISCONTINUITY"] if at else []
        lines += [f"#EXTINF:{seconds:.3f},", f"{place}/{at}.ts?kind={kind.name}"]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])
