"""What a machine can hear of spoken Chinese: were all syllables said, how fast, how loud."""

from __future__ import annotations

import numpy as np

from tts.loudness import CEILING, TARGET, loudness, true_peak
from tts.sound import Sound
from tts.voices import VOICES, Options, Spoken, Utterance, VoiceError, utterance

#: Syllables a second, pauses included.
SLOWEST, QUICKEST = 2.5, 4.5
#: LU around the target.
TOLERANCE = 0.7

#: An utterance of fewer syllables has no speed of its own: one pause decides it.
_FEWEST = 8
#: Beyond this factor stretched speech is no longer good speech.
_MOST_STRETCH = 1.6
#: No syllable is over within so many seconds.
_SHORTEST = 0.05
_SILENT = 0.003
_WINDOW = 0.05
#: The longest silence that a pause within a text may take, in seconds.
_LONGEST_PAUSE = 1.5


def faults(spoken: Spoken, words: Utterance) -> list[str]:
    """What is wrong with speech before it is made into a programme; empty where nothing is."""
    found = []
    sound = spoken.sound
    if not len(sound.samples) or not np.isfinite(sound.samples).all() or float(np.abs(sound.samples).max()) < _SILENT:
        return ["the voice gave silence"]
    if spoken.onsets:
        if len(spoken.onsets) != words.count:
            found.append(f"{len(spoken.onsets)} syllables were said, not {words.count}")
        elif (np.diff([*spoken.onsets, sound.seconds]) < _SHORTEST).any():
            found.append("a syllable was swallowed")
    pace = words.count / sound.seconds
    if words.count >= _FEWEST and not SLOWEST <= pace <= QUICKEST:
        found.append(f"{pace:.1f} syllables a second, not {SLOWEST} to {QUICKEST}")
    if _longest_silence(sound) > _LONGEST_PAUSE:
        found.append(f"{_longest_silence(sound):.1f} s of silence within the text")
    return found


def at_pace(spoken: Spoken, words: Utterance) -> Spoken:
    """Speech that is too quick or too slow brought to the nearer bound, within reason; any other as it is."""
    pace = words.count / max(spoken.sound.seconds, 1e-9)
    wanted = min(max(pace, 1.04 * SLOWEST), 0.96 * QUICKEST)
    factor = pace / wanted
    if words.count < _FEWEST or SLOWEST <= pace <= QUICKEST or not 1 / _MOST_STRETCH <= factor <= _MOST_STRETCH:
        return spoken
    return Spoken(spoken.sound.stretched(factor), tuple(onset * factor for onset in spoken.onsets))


def level_faults(sound: Sound) -> list[str]:
    """What is wrong with the level of a finished programme; empty where nothing is."""
    found = []
    level, peak = loudness(sound), true_peak(sound)
    if abs(level - TARGET) > TOLERANCE:
        found.append(f"{level:.1f} LUFS, not {TARGET:.0f} ±{TOLERANCE}")
    if peak > CEILING:
        found.append(f"true peak {peak:.1f} dBTP, above {CEILING}")
    return found


def _longest_silence(sound: Sound) -> float:
    """The longest stretch without sound, in seconds, to a twentieth."""
    size = round(_WINDOW * sound.rate)
    count = len(sound.samples) // size
    loud = np.abs(sound.samples[: count * size]).reshape(count, size).max(axis=1) >= _SILENT
    heard = np.flatnonzero(np.concatenate([[True], loud, [True]]))
    return float((np.diff(heard).max() - 1) * _WINDOW)


def trial(name: str, options: Options) -> str:
    """What keeps a voice from speaking, found by letting it say 一二三; empty where it speaks.

    A voice over the network is not tried: nothing is sent that nobody asked for.
    """
    made = VOICES[name](options)
    problem = made.problem()
    if problem or name == "gtts":
        return problem
    words = utterance("一二三")
    try:
        return "; ".join(faults(made.speak(words), words))
    except VoiceError as error:
        return str(error)
