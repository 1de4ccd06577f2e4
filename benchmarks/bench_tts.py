"""How many times faster than real time an announcement becomes a finished MP3, on one core.

Text, chime, twice, signature, one loudness, encoded, checked; the file is made anew each time. Beside it, in the same
process and the same minute, bare eSpeak synthesis of the same pinyin: once, with no check, no level and no file.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path

from tts.programme import Studio
from tts.voices import Options, utterance, voice
from tts.voices.espeak import Espeak

ROUNDS = 7
GOAL = 15.0
TEXT = (
    "各位村民请注意：明天（11月24日）上午9:00到11:00，村委会给65岁以上老人免费打流感疫苗，请带身份证。"
    "有问题请打电话0315-7612345。请互相转告。"
)
SENDER = "迁安市卫生健康局"


def main() -> None:
    """Print the two rates."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    espeak = Espeak()
    words = utterance(TEXT)
    bare, whole, ours, seconds, said = [], [], [], 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for at in range(ROUNDS + 1):
            alone = time.process_time()
            said = espeak.speak(words).sound.seconds
            alone = time.process_time() - alone
            studio = Studio(voice("espeak", Options()), Path(folder) / str(at))
            begun, worked = time.perf_counter(), time.process_time()
            seconds = studio.make(TEXT, sender=SENDER).seconds
            took, worked = time.perf_counter() - begun, time.process_time() - worked
            if at:  # the first round warms up
                bare.append(alone)
                whole.append(took)
                ours.append(worked)
    took, core = statistics.median(whole), statistics.median(ours)
    print(f"an announcement of {said:.1f} s, its programme (chime, twice, signed) {seconds:.1f} s; median of {ROUNDS}")
    print(
        f"text to MP3:           {core * 1000:7.0f} ms of one core  ({took * 1000:.0f} ms by the clock, with all else that runs)"
    )
    print(f"bare eSpeak synthesis: {statistics.median(bare) * 1000:7.0f} ms of one core")
    print(
        f"times real time:       {said / core:7.1f}  (the announcement said once; {seconds / core:.1f} for the programme)"
    )
    print(f"goal {GOAL:.0f}: {'reached' if said / core >= GOAL else 'MISSED'}")


if __name__ == "__main__":
    main()
