"""Finished recordings, for whatever plays them: loudspeakers, the telephone. A file's name is the hash of what made it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from flask import Blueprint, send_file
from flask.typing import ResponseReturnValue

from channels.base import Service
from channels.base.refusals import RefusedError

MIME = "audio/mpeg"

#: Where recordings lie in the audio folder: programmes, and what one person was told.
FOLDERS = ("", "calls")

#: What one person was told is forgotten when it was not heard for so long, in seconds.
UNHEARD = 7 * 24 * 3600.0

#: Nothing else is ever kept under the same name: a player need not ask again for a year, in seconds.
KEPT = 365 * 24 * 3600


def routes(service: Service) -> Blueprint:
    """`GET /audio/<sha>.mp3`, whole or in one range (RFC 9110, 14)."""
    blueprint = Blueprint("audio", __name__)

    @blueprint.get("/audio/<sha>.mp3")
    def recording(sha: str) -> ResponseReturnValue:
        file = _file(service.audio_folder, sha)
        if file is None:
            raise RefusedError(
                404,
                "no_recording",
                "没有这段录音，可能已经过期，请重新获取它的地址。",
                "No such recording, or no longer; ask anew for its address.",
            )
        response = send_file(file, MIME, conditional=True, etag=sha, max_age=KEPT)
        response.cache_control.immutable = True
        return response

    return blueprint


def forget(folder: Path, now: float) -> None:
    """Delete what was said in calls and on pages, with what is noted of it, that nobody has heard lately."""
    for file in (folder / FOLDERS[-1]).glob("*.mp3"):
        with suppress(OSError):  # another process has just done it
            if file.stat().st_mtime < now - UNHEARD:
                file.unlink()
                file.with_name(f"{file.name}.json").unlink()


def _file(folder: Path, sha: str) -> Path | None:
    """The file of that name; None for what is no hash, so that nothing else on the disk is ever named."""
    if not re.fullmatch(r"[0-9a-f]{64}", sha, re.ASCII):
        return None
    return next((file for kept in FOLDERS if (file := folder / kept / f"{sha}.mp3").is_file()), None)
