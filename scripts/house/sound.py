"""Speech in and out of files: questions to speak, replies to keep."""

import io
import wave
from pathlib import Path

import av
from av.audio.resampler import AudioResampler

from .report import HouseError

RATE_HZ = 16_000
_FLAC_BLOCK_HEADER_BYTES = 4
# Layer III of MPEG 1 and of the others: kbit/s by the header's index.
_MP3_KBITS = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_MP3_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8000)}


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
        return _mp3_header_bytes(data, 10 + size)
    return _mp3_header_bytes(data, 0)


def _flac_header_bytes(data: bytes) -> int | None:
    at = 4
    while len(data) >= at + _FLAC_BLOCK_HEADER_BYTES:
        last = data[at] & 0x80
        at += _FLAC_BLOCK_HEADER_BYTES + int.from_bytes(data[at + 1 : at + 4])
        if last:
            return at
    return None


def _mp3_header_bytes(data: bytes, at: int) -> int | None:
    """Return where the frames of sound begin: behind the first one if it only describes the others."""
    if len(data) < at + 4:
        return None
    sync, versions, rates, _ = data[at : at + 4]
    if sync != 0xFF or versions & 0xE0 != 0xE0:
        return at
    version = versions >> 3 & 3
    kbits, rate_hz = _MP3_KBITS[version == 3][rates >> 4], _MP3_RATES_HZ[version][rates >> 2 & 3]
    end = at + (144 if version == 3 else 72) * kbits * 1000 // rate_hz + (rates >> 1 & 1)
    if len(data) < end:
        return None
    return end if b"Info" in data[at:end] or b"Xing" in data[at:end] else at
