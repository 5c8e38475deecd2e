"""Speech in and out of files: questions to speak, replies to keep."""

import io
import wave
from pathlib import Path

import av
from av.audio.resampler import AudioResampler

from .report import HouseError

RATE_HZ = 16_000
_FLAC_BLOCK_HEADER_BYTES = 4


def decode(source: Path | bytes, rate_hz: int = RATE_HZ) -> bytes:
    """Return any audio as 16-bit mono samples."""
    name = source if isinstance(source, Path) else "the reply"
    resampler = AudioResampler(format="s16", layout="mono", rate=rate_hz)
    samples = bytearray()
    try:
        with av.open(str(source) if isinstance(source, Path) else io.BytesIO(source), "r") as container:
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    samples += bytes(piece.planes[0])[: piece.samples * 2]
        for piece in resampler.resample(None):
            samples += bytes(piece.planes[0])[: piece.samples * 2]
    except (av.FFmpegError, IndexError) as error:
        raise HouseError(f"{name} is no audio that can be read: {error}") from None
    return bytes(samples)


def write_wav(path: Path, samples: bytes, rate_hz: int = RATE_HZ) -> None:
    """Keep 16-bit mono samples as a WAV file."""
    path.write_bytes(wav(samples, rate_hz))


def wav(samples: bytes, rate_hz: int, channels: int = 1, sample_bytes: int = 2) -> bytes:
    """Return samples as the bytes of a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as container:
        container.setnchannels(channels)
        container.setsampwidth(sample_bytes)
        container.setframerate(rate_hz)
        container.writeframes(samples)
    return file.getvalue()


def header_bytes(data: bytes) -> int | None:
    """Return where the sound begins behind a container's header, or None while the header is incomplete."""
    if len(data) < 12:
        return None
    if data.startswith(b"RIFF"):
        at = data.find(b"data")
        return None if at < 0 else at + 8
    if data.startswith(b"fLaC"):
        return _flac_header_bytes(data)
    if data.startswith(b"ID3"):
        size = 0
        for byte in data[6:10]:
            size = size << 7 | byte
        return 10 + size
    return 0


def _flac_header_bytes(data: bytes) -> int | None:
    at = 4
    while len(data) >= at + _FLAC_BLOCK_HEADER_BYTES:
        last = data[at] & 0x80
        at += _FLAC_BLOCK_HEADER_BYTES + int.from_bytes(data[at + 1 : at + 4])
        if last:
            return at
    return None
