"""How loud a sound is, and making it as loud as broadcasters do: ITU-R BS.1770-5 loudness and true peak, with numpy.

Loudness is in LUFS, peaks in dBTP. The K-weighting is applied in the frequency domain, so that a sound of any rate is
weighted by the very response that the recommendation gives for 48 kHz.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tts.sound import Samples, Sound

TARGET = -16.0
CEILING = -1.5
#: Encoders add a little to the peaks; the limiter stays so much below the ceiling.
MARGIN = 1.5

#: So many frames of a millisecond to either side of a peak are lowered with it.
_REACH = 6

_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_BLOCK, _STEP = 0.4, 0.1
_SILENT = 1e-12

#: Samples that are transformed at once: at 48 kHz, too, more than twice the quarter second that the filters ring.
_TRANSFORM = 1 << 15

#: The filters of BS.1770-5, tables 1 and 2, as (b, a) at 48 kHz.
_FILTER_RATE = 48000
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


def loudness(sound: Sound) -> float:
    """The integrated loudness in LUFS; -inf for silence or less than 0.4 s."""
    block, step = round(_BLOCK * sound.rate), round(_STEP * sound.rate)
    if len(sound.samples) < block:
        return -math.inf
    energy = np.concatenate([[0.0], np.cumsum(np.square(_weighted(sound)), dtype=np.float64)])
    starts = np.arange(0, len(sound.samples) - block + 1, step)
    powers = np.maximum((energy[starts + block] - energy[starts]) / block, _SILENT)
    levels = -0.691 + 10 * np.log10(powers)
    heard = powers[levels > _ABSOLUTE_GATE]
    if not len(heard):
        return -math.inf
    gate = -0.691 + 10 * math.log10(heard.mean()) + _RELATIVE_GATE
    heard = powers[(levels > _ABSOLUTE_GATE) & (levels > gate)]
    return -0.691 + 10 * math.log10(heard.mean())


def true_peak(sound: Sound) -> float:
    """The highest peak between the samples too, in dBTP; -inf for silence."""
    highest = float(_peaks(sound.samples).max(initial=0.0))
    return 20 * math.log10(highest) if highest > 0 else -math.inf


def normalised(sound: Sound, target: float = TARGET, ceiling: float = CEILING) -> Sound:
    """The sound at the target loudness (within 0.3 LU), peaks held below the ceiling. Silence stays silence."""
    made = sound
    peaks = _peaks(sound.samples)
    gain = target - loudness(sound)
    for _ in range(4):
        if not math.isfinite(gain):
            return sound
        made = _limited(sound, peaks, 10 ** (gain / 20), 10 ** ((ceiling - MARGIN) / 20))
        off = target - loudness(made)
        if abs(off) < 0.1:
            break
        gain += off
    return made


def _weighted(sound: Sound) -> Samples:
    """The sound through the K-weighting filters, block by block (overlap-save)."""
    lead = sound.rate // 4  # the high-pass has rung out long before
    hop = _TRANSFORM - lead
    count = -(-len(sound.samples) // hop)
    padded = np.zeros(lead + count * hop, np.float32)
    padded[lead : lead + len(sound.samples)] = sound.samples
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _TRANSFORM)[::hop]
    weighted = np.fft.irfft(np.fft.rfft(blocks) * _response(sound.rate), _TRANSFORM)[:, lead:]
    return weighted.reshape(-1)[: len(sound.samples)].astype(np.float32, copy=False)


@cache
def _response(rate: int) -> NDArray[np.complex64]:
    """What the filters do to each frequency of a block."""
    delay = np.exp(-2j * np.pi * rate / _FILTER_RATE / _TRANSFORM * np.arange(_TRANSFORM // 2 + 1))
    response = np.ones(len(delay), np.complex128)
    for b, a in (_SHELF, _HIGH_PASS):
        response *= (b[0] + delay * (b[1] + delay * b[2])) / (a[0] + delay * (a[1] + delay * a[2]))
    return response.astype(np.complex64)


def _interpolators() -> list[Samples]:
    """Three filters that give the values a quarter, a half and three quarters of a sample on (windowed sinc, 16 taps)."""
    taps = np.arange(-7, 9)
    made = []
    for quarter in (0.25, 0.5, 0.75):
        wanted = np.sinc(taps - quarter) * np.cos(np.pi * (taps - quarter) / 18) ** 2
        made.append((wanted / wanted.sum())[::-1].astype(np.float32))
    return made


_BETWEEN = _interpolators()


def _peaks(samples: Samples) -> Samples:
    """For each sample the largest magnitude at it and on the way to the next one."""
    highest = np.abs(samples)
    for taps in _BETWEEN:
        between = np.abs(np.convolve(samples, taps, "full")[8 : 8 + len(samples)])
        np.maximum(highest, between, out=highest)
    return highest


def _limited(sound: Sound, peaks: Samples, gain: float, ceiling: float) -> Sound:
    """The sound louder by a factor, its peaks (of the sound as it is) lowered smoothly, within 10 ms of them, to the ceiling."""
    if peaks.max(initial=0.0) * gain <= ceiling:
        return Sound(sound.samples * np.float32(gain), sound.rate)
    frame = max(1, sound.rate // 1000)
    count = -(-len(peaks) // frame)
    frames = np.pad(peaks, (0, count * frame - len(peaks))).reshape(count, frame).max(axis=1) * gain
    gains = np.minimum(1.0, ceiling / np.maximum(frames, 1e-9))
    around = np.pad(gains, 2 * _REACH, constant_values=1.0)
    lowest = np.lib.stride_tricks.sliding_window_view(around, 2 * _REACH + 1).min(axis=1)
    window = np.hanning(2 * _REACH + 1)  # its ends are 0: the smoothed gain looks one frame less far than the minimum
    smooth = gain * np.convolve(lowest, window / window.sum(), "valid")
    centres = (np.arange(count) + 0.5) * frame
    factors = np.interp(np.arange(len(peaks)), centres, smooth).astype(np.float32)
    return Sound(sound.samples * factors, sound.rate)
