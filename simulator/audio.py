"""16-bit mono PCM: lengths, levels, resampling."""

import av
import numpy as np

SERVICE_HZ = 24000
"""Both directions of a realtime session (sheet 1.4)."""
SAMPLE_BYTES = 2
FRAME_S = 0.02


def duration_ms(size_bytes: int, rate_hz: int = SERVICE_HZ) -> int:
    """Give the length of that much audio."""
    return size_bytes * 1000 // (SAMPLE_BYTES * rate_hz)


def size_bytes(duration_ms: float, rate_hz: int = SERVICE_HZ) -> int:
    """Give the size of audio of that length, in whole samples."""
    return int(duration_ms * rate_hz / 1000) * SAMPLE_BYTES


def frame_levels(pcm: bytes, rate_hz: int = SERVICE_HZ) -> list[float]:
    """Give the RMS of each whole 20 ms."""
    width = int(FRAME_S * rate_hz)
    count = len(pcm) // (width * SAMPLE_BYTES)
    frames = np.frombuffer(pcm[: count * width * SAMPLE_BYTES], "<i2").reshape(count, width).astype(np.float64)
    return [float(found) for found in np.sqrt((frames**2).mean(axis=1))] if count else []


def level(pcm: bytes) -> float:
    """Give the RMS of audio."""
    return float(np.sqrt((np.frombuffer(pcm, "<i2").astype(np.float64) ** 2).mean())) if pcm else 0.0


def loud_span(pcm: bytes, rate_hz: int, threshold: float) -> tuple[int, int] | None:
    """Give the first and the last ms in which the audio is louder than `threshold`, or None when it never is."""
    loud = [index for index, found in enumerate(frame_levels(pcm, rate_hz)) if found > threshold]
    return (loud[0] * 20, (loud[-1] + 1) * 20) if loud else None


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Change the sample rate."""
    if from_hz == to_hz or not pcm:
        return pcm
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2")[None, :], format="s16", layout="mono")
    frame.sample_rate = from_hz
    resampler = av.AudioResampler("s16", "mono", to_hz)
    return b"".join(part.to_ndarray().tobytes() for part in [*resampler.resample(frame), *resampler.resample(None)])
