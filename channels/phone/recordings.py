"""What the telephone says in our own voice: each text recorded once, and found again by `/audio/`.

A recording takes about a thirtieth of the time that it lasts. The fixed prompts are recorded ahead; an answer is
recorded while its caller waits, if that is quick, and read by Twilio's voice if not: the caller hears silence meanwhile.
"""

from __future__ import annotations

import logging
import os
import time
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, TimeoutError
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from flask import g, request

from channels.base import Service
from channels.phone import prompts

log = logging.getLogger(__name__)

#: So many seconds one step of a call waits for its recordings. Twilio itself would wait for 15, a caller would not.
PATIENCE = 3.0

#: What could not be recorded is tried again after so many seconds; so many texts are remembered.
AGAIN, MOST = 60.0, 5000


class Recordings:
    """Finds or makes recordings of texts: a `speaking.Voice`. Safe to share between threads."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._lock = Lock()
        self._known: dict[tuple[str, bool], Path] = {}
        self._failed: dict[tuple[str, bool], float] = {}
        self._making: dict[tuple[str, bool], Future[Path | None]] = {}
        self._pool = ThreadPoolExecutor(2, "phone-voice")
        self._begun = False

    def __call__(self, text: str, slow: bool) -> str | None:
        """The address of a recording; None where it takes longer than what is left of this step's patience."""
        self._begin()
        until = g.setdefault("recordings_until", time.monotonic() + PATIENCE)
        file = self._kept(text, slow) or self._made(text, slow, until - time.monotonic())
        settings = self._service.settings  # where no public URL is set, Twilio finds us where it has just found us
        base = settings.own_url if settings.public_url else request.url_root.rstrip("/")
        return f"{base}/audio/{file.stem}.mp3" if file else None

    def _kept(self, text: str, slow: bool) -> Path | None:
        """A recording that was made before, and is marked as heard now."""
        file = self._known.get((text, slow))
        try:
            if file:
                os.utime(file)
        except OSError:  # it was forgotten
            self._known.pop((text, slow), None)
            return None
        return file

    def _made(self, text: str, slow: bool, patience: float) -> Path | None:
        with self._lock:
            if time.monotonic() - self._failed.get((text, slow), -AGAIN) < AGAIN:
                return None
            making = self._making.get((text, slow))
            if making is None:
                making = self._making[text, slow] = self._pool.submit(self._make, text, slow)
        try:
            return making.result(max(0.0, patience))
        except CancelledError:
            return None
        except TimeoutError:
            if making.cancel():  # what has not begun is nobody's any more
                with self._lock:
                    self._making.pop((text, slow), None)
            return None

    def _make(self, text: str, slow: bool) -> Path | None:
        try:
            file = self._service.recording(text, slow)
        except Exception:
            log.exception("a recording for the telephone failed; Twilio's voice reads instead")
            file = None
        with self._lock:
            self._making.pop((text, slow), None)
            if file:
                _remember(self._known, (text, slow), file)
            else:
                _remember(self._failed, (text, slow), time.monotonic())
        return file

    # --- recorded ahead ----------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """With the first step of a process, in a thread of its own: record the prompts, as far as they are not there."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
        Thread(target=self.record_prompts, name="phone-prompts", daemon=True).start()

    def record_prompts(self) -> None:
        """Record what is said again and again."""
        for text in prompts.fixed(self._service.settings.county_name):
            self._make(text, False)


def _remember(kept: dict[tuple[str, bool], Any], key: tuple[str, bool], value: Any) -> None:
    if len(kept) >= MOST:
        kept.clear()
    kept[key] = value
