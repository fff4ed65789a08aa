"""The table of WAV flavours that must be read, each with what must come out of it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from wav_files import (
    ALAW,
    FLOAT,
    INFO,
    MULAW,
    PCM,
    Samples,
    as_float,
    by_libsndfile,
    chunk,
    chunks_of,
    data,
    ds64,
    extensible,
    fmt,
    music,
    read_by_libsndfile,
    riff,
    widened,
)

CHAIN = chunk(b"LIST", INFO) + chunk(b"id3 ", b"ID3\x03\x00\x00\x00") + chunk(b"zzzz", b"any")


@dataclass(frozen=True)
class Flavour:
    """One row. `expected` has shape (frames, output channels); a sample may be off by `tolerance`."""

    name: str
    wav: bytes
    expected: Samples
    encoding: str = "pcm"
    bits: int = 16
    channels: int = 1
    rate_hz: int = 44100
    tolerance: int = 0


def flavours() -> list[Flavour]:
    """All rows."""
    return [*_linear(), *_floats(), *_companded(), *_blocks(), *_many_channels(), *_rates(), *_containers(), *_chunks()]


def _linear() -> Iterator[Flavour]:
    for channels in (1, 2):
        sound = music(channels)
        eight = (sound >> 8 << 8).astype("<i2")
        bodies = {
            8: ((sound >> 8) + 128).astype("u1").tobytes(),
            16: sound.tobytes(),
            24: widened(sound, 3),
            32: widened(sound, 4),
        }
        for bits, body in bodies.items():
            for kind, header in (("plain", fmt), ("extensible", extensible)):
                wav = riff(header(PCM, channels, 44100, bits), data(body))
                expected = eight if bits == 8 else sound
                yield Flavour(f"pcm {bits} {kind}, {channels} channels", wav, expected, "pcm", bits, channels)
        in_24 = riff(extensible(PCM, channels, 44100, 24, valid_bits=20), data(widened(sound, 3)))
        yield Flavour(f"pcm 20 in 24, {channels} channels", in_24, sound, "pcm", 20, channels)
        plain_20 = riff(fmt(PCM, channels, 44100, 20), data(widened(sound, 3)))
        yield Flavour(f"pcm 20 plain, {channels} channels", plain_20, sound, "pcm", 20, channels)
        in_32 = riff(extensible(PCM, channels, 44100, 32, valid_bits=24), data(widened(sound, 4)))
        yield Flavour(f"pcm 24 in 32, {channels} channels", in_32, sound, "pcm", 24, channels)


def _floats() -> Iterator[Flavour]:
    sound = music(2)
    wild = np.array([0.5, np.nan, -np.inf, np.inf, 1.0, -1.0, 1.5, -7e30, 1e-40, -np.nan, 0.25, 0], "<f8")
    tamed = np.array([16384, 0, -32768, 32767, 32767, -32768, 32767, -32768, 0, 0, 8192, 0], "<i2").reshape(-1, 1)
    for bits, dtype in ((32, "<f4"), (64, "<f8")):
        for kind, header in (("plain", fmt), ("extensible", extensible)):
            wav = riff(header(FLOAT, 2, 44100, bits), data(as_float(sound, dtype)))
            yield Flavour(f"float {bits} {kind}", wav, sound, "float", bits, 2)
        wav = riff(fmt(FLOAT, 1, 44100, bits), data(wild.astype(dtype)))
        yield Flavour(f"float {bits} with NaN, infinity and clipping", wav, tamed, "float", bits)


def _companded() -> Iterator[Flavour]:
    for name, subtype, tag in (("alaw", "ALAW", ALAW), ("mulaw", "ULAW", MULAW)):
        for channels in (1, 2):
            wav = by_libsndfile(music(channels), subtype, 8000)
            expected = read_by_libsndfile(wav)
            yield Flavour(f"{name}, {channels} channels", wav, expected, name, 8, channels, 8000)
            bare = riff(extensible(tag, channels, 8000, 8), data(chunks_of(wav)[b"data"]))
            yield Flavour(f"{name} extensible, {channels} channels", bare, expected, name, 8, channels, 8000)


def _blocks() -> Iterator[Flavour]:
    """libsndfile is the reference; its MS ADPCM rounds otherwise than FFmpeg's, which adds up within a block."""
    for name, subtype, bits, tolerance in (
        ("ima_adpcm", "IMA_ADPCM", 4, 0),
        ("ms_adpcm", "MS_ADPCM", 4, 400),
        ("gsm610", "GSM610", 13, 0),
    ):
        for channels in (1,) if name == "gsm610" else (1, 2):
            sound = music(channels, 6000, 8000)
            wav = by_libsndfile(sound, subtype, 8000)
            parts = chunks_of(wav)
            whole = read_by_libsndfile(wav)
            (block,) = struct.unpack_from("<H", parts[b"fmt "], 12)
            (per_block,) = struct.unpack_from("<H", parts[b"fmt "], 18)
            whole = whole[: len(parts[b"data"]) // block * per_block]
            rest = {"encoding": name, "bits": bits, "channels": channels, "rate_hz": 8000, "tolerance": tolerance}
            for kind, fact, frames in (
                ("exact fact", 6000, 6000),
                ("no fact", None, len(whole)),
                ("absurd fact", 2**32 - 1, len(whole)),
                ("fact of 1", 1, len(whole)),
                ("fact of 0", 0, len(whole)),
            ):
                facts = b"" if fact is None else chunk(b"fact", struct.pack("<I", fact))
                made = riff(chunk(b"fmt ", parts[b"fmt "]), facts, data(parts[b"data"]))
                expected = np.concatenate((whole, np.zeros((max(0, frames - len(whole)), channels), "<i2")))[:frames]
                yield Flavour(f"{name} {kind}, {channels} channels", made, expected, **rest)  # type: ignore[arg-type]
            streamed = riff(chunk(b"fmt ", parts[b"fmt "]), data(parts[b"data"], size=0xFFFFFFFF, pad=b""), CHAIN)
            yield Flavour(f"{name} streamed, {channels} channels", streamed, whole, **rest)  # type: ignore[arg-type]
            two = riff(chunk(b"fmt ", parts[b"fmt "][:16]), data(parts[b"data"][: 2 * block + 3]))
            yield Flavour(f"{name} cut, {channels} channels", two, whole[: 2 * per_block], **rest)  # type: ignore[arg-type]


SHARES = {  # left, right; ITU-R BS.775
    "L": (1, 0),
    "R": (0, 1),
    "C": (0.5**0.5, 0.5**0.5),
    "LFE": (0, 0),
    "Ls": (0.5**0.5, 0),
    "Rs": (0, 0.5**0.5),
    "S": (0.5**0.5, 0.5**0.5),
    "?": (0.5**0.5, 0.5**0.5),
}
LAYOUTS = [
    (0, "L R C"),
    (0, "L R Ls Rs"),
    (0, "L R C Ls Rs"),
    (0, "L R C LFE Ls Rs"),
    (0, "L R C LFE S Ls Rs"),
    (0, "L R C LFE Ls Rs Ls Rs"),
    (0x3, "L R ?"),
    (0xB, "L R LFE"),
    (0x107, "L R C S"),
    (0x60F, "L R C LFE Ls Rs"),
    (0x3F, "L R C LFE Ls Rs"),
    (0xFF, "L R C LFE Ls Rs Ls Rs"),
    (0x63F, "L R C LFE Ls Rs Ls Rs"),
    (0x2D003, "L R Ls Rs Ls Rs"),
    (0x7, "L R C ? ? ? ? ?"),
    (0xFFFFFFFF, "L R C LFE"),
    (0x80000000, "? ? ?"),
]


def _many_channels() -> Iterator[Flavour]:
    for mask, speakers in LAYOUTS:
        shares = np.array([SHARES[speaker] for speaker in speakers.split()], np.float64)
        channels = len(shares)
        sound = music(channels)
        expected = np.rint(sound @ (shares / shares.sum(axis=0).max())).astype("<i2")
        wav = riff(extensible(PCM, channels, 48000, 16, mask=mask), data(sound))
        name = f"{channels} channels, mask {mask:#x}"
        yield Flavour(name, wav, expected, "pcm", 16, channels, 48000, tolerance=1)
        if not mask:
            plain = riff(fmt(FLOAT, channels, 48000, 32), data(as_float(sound)))
            yield Flavour(
                f"{channels} channels, plain float", plain, expected, "float", 32, channels, 48000, tolerance=1
            )


def _rates() -> Iterator[Flavour]:
    for rate_hz in (5000, 8000, 11025, 16000, 22050, 48000, 96000, 192000, 384000):
        sound = music(2, rate_hz=rate_hz)
        yield Flavour(f"{rate_hz} Hz", riff(fmt(PCM, 2, rate_hz, 16), data(sound)), sound, channels=2, rate_hz=rate_hz)


def _containers() -> Iterator[Flavour]:
    sound = music(2)
    header = fmt(PCM, 2, 44100, 16)
    for form in (b"RF64", b"BW64"):
        name = form.decode()
        full = [ds64(sound.nbytes, len(sound)), header, data(sound, size=0xFFFFFFFF)]
        yield Flavour(f"{name}", riff(*full, form=form, size=0xFFFFFFFF), sound, channels=2)
        yield Flavour(f"{name} with chunks after", riff(*full, CHAIN, form=form), sound, channels=2)
        yield Flavour(f"{name} with the size in data", riff(ds64(0), header, data(sound), form=form), sound, channels=2)
        zero = riff(ds64(sound.nbytes), header, data(sound, size=0), b"zzzz", form=form)
        yield Flavour(f"{name}, 0 in place of the size in ds64", zero, sound, channels=2)
        for size in (0, 2**64 - 1):
            wav = riff(ds64(size % 2**63), header, data(sound, size=0xFFFFFFFF), CHAIN, form=form)
            if size:
                wav = wav.replace(struct.pack("<Q", size % 2**63), b"\xff" * 8)
            yield Flavour(f"{name} streamed, ds64 of {size:#x}", wav, sound, channels=2)
    for size in (0, 0xFFFFFFFF, 0xFFFFFFFF - 36, 0x7FFFFFFF, 0x7FFFF000, 0x7FFFFF00, 0x80000000):
        streamed = data(sound, size=size)
        yield Flavour(f"streamed, {size:#x}", riff(header, streamed, size=size), sound, channels=2)
        yield Flavour(f"streamed, {size:#x}, chunks after", riff(header, streamed, CHAIN), sound, channels=2)
        cut = riff(header, streamed + b"\x01\x02\x03")
        yield Flavour(f"streamed, {size:#x}, part of a frame at the end", cut, sound, channels=2)
    eight = ((music(1, 4001) >> 8) + 128).astype("u1")
    expected = (eight.astype("<i2") - 128 << 8).astype("<i2")
    for pad, kind in ((b"\0", "a pad byte"), (b"", "no pad byte")):
        body = data(eight, size=0, pad=pad)
        wav = riff(fmt(PCM, 1, 44100, 8), body, CHAIN)
        yield Flavour(f"streamed, odd length, {kind}, chunks after", wav, expected, "pcm", 8)


def _chunks() -> Iterator[Flavour]:
    sound = music(2)
    header, body = fmt(PCM, 2, 44100, 16), data(sound)
    odd = chunk(b"LIST", INFO + b"x")
    unpadded = chunk(b"LIST", INFO + b"x", pad=b"")
    rows = {
        "fmt of 18 bytes": riff(fmt(PCM, 2, 44100, 16, extension=b"\0\0"), body),
        "LIST before": riff(chunk(b"LIST", INFO), header, body),
        "LIST after": riff(header, body, chunk(b"LIST", INFO)),
        "unknown chunks all around": riff(CHAIN, header, CHAIN, body, CHAIN),
        "odd chunk with pad": riff(header, odd, body, odd, odd),
        "odd chunk with a pad byte that is not 0": riff(header, chunk(b"LIST", INFO + b"x", pad=b"d"), body),
        "odd chunk without pad": riff(unpadded, header, unpadded, body, unpadded, unpadded),
        "odd unknown chunk without pad": riff(header, chunk(b"abcd", b"x", pad=b"") + chunk(b"efgh", b"\1"), body),
        "name filled with NUL": riff(header, chunk(b"id3\0", b"1234"), body),
        "RIFF size 0": riff(header, body, size=0),
        "RIFF size too large": riff(header, body, size=0xFFFFFFF0),
        "byte rate 0": riff(chunk(b"fmt ", header[8:16] + bytes(4) + header[20:]), body),
        "junk after": riff(header, body, b"\0" * 999 + b"data"),
        "chunk after that ends too early": riff(header, body, chunk(b"LIST", b"INFO", size=9999)),
        "less data declared than there is": riff(header, data(sound) + bytes(400)),
        "part of a frame at the end": riff(header, data(sound.tobytes() + b"\1\2\3")),
        "3 MB of cover art before": riff(header, chunk(b"id3 ", bytes(3_000_000)), body),
        "ds64 in a RIFF": riff(ds64(12), header, body),
        "900 chunks": riff(header, *[chunk(b"note", b"")] * 900, body),
    }
    for name, wav in rows.items():
        yield Flavour(name, wav, sound, channels=2)
    eight = ((music(1, 4001) >> 8) + 128).astype("u1")
    expected = (eight.astype("<i2") - 128 << 8).astype("<i2")
    for pad, kind in ((b"\0", "pad"), (b"", "no pad")):
        wav = riff(fmt(PCM, 1, 44100, 8), data(eight, pad=pad), chunk(b"LIST", INFO))
        yield Flavour(f"odd data, {kind}, LIST after", wav, expected, "pcm", 8)
