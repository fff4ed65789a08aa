"""Fuzzes the reading of WAV files: `python transcoder-service/tests/fuzz/fuzz_wav.py SECONDS [FOLDER]`.

Whatever the bytes and however they are split, reading ends in PCM or in a Problem, the same for every split, within
bounds of output, memory and time. Guided by coverage where atheris is installed (`pip install atheris`), else driven
by random mutations of the flavour table. An input that breaks a rule is written to FOLDER (default: a temporary one).
"""

import contextlib
import random
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

try:
    import atheris
except ImportError:
    atheris = None

with atheris.instrument_imports(include=["transcoder_service"]) if atheris else contextlib.nullcontext():
    from transcoder_service.pcm.reader import PcmReader
    from transcoder_service.wav import stream

from flavours import flavours

from service_kit.problems import Problem

MOST_GROWTH = 12
SLOW_SECONDS = 5.0
SEED_BYTES = 1500
MOST_HELD_BYTES = 128
NAMES = [b"fmt ", b"data", b"fact", b"ds64", b"LIST", b"id3 ", b"JUNK", b"RIFF", b"RF64", b"BW64", b"WAVE"]
NUMBERS = [0, 1, 2, 3, 4, 7, 8, 16, 65, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF]

Outcome = tuple[str, object]


def read(blocks: list[bytes]) -> Outcome:
    """("problem", code) or ("read", (PCM, facts)); anything else that happens is a finding."""
    reader = PcmReader()
    pcm = bytearray()
    try:
        for block in blocks:
            made = reader.feed(block)
            if len(made) > MOST_GROWTH * (len(block) + MOST_HELD_BYTES + 8192):
                raise AssertionError(f"{len(made)} bytes of PCM from a block of {len(block)}")
            pcm += made
        pcm += reader.finish()
    except Problem as problem:
        return "problem", (problem.code, problem.detail)
    facts = reader.facts()
    if len(pcm) != facts.sample_count * 2 * reader.output_channels or not facts.sample_count:
        raise AssertionError(f"{len(pcm)} bytes of PCM, but {facts.sample_count} frames")
    facts.to_header().encode("ascii")
    return "read", (bytes(pcm), facts)


def check(wav: bytes) -> None:
    """Raises AssertionError when a rule is broken for this file; the split is drawn from its own bytes."""
    started = time.perf_counter()
    stream.HELD_BYTES = 32 + len(wav) % (MOST_HELD_BYTES - 32)  # small, so that files of this size go beyond it
    whole = read([wav])
    drawn = random.Random(wav[:64])
    cuts = sorted(drawn.randrange(len(wav) + 1) for _ in range(drawn.randrange(1, 6)))
    split = read([wav[start:end] for start, end in zip([0, *cuts], [*cuts, len(wav)], strict=True)])
    if split != whole:
        raise AssertionError(f"split at {cuts}: {str(split)[:200]} in place of {str(whole)[:200]}")
    if time.perf_counter() - started > SLOW_SECONDS:
        raise AssertionError("too slow")


def seeds() -> list[bytes]:
    """The start of every row of the flavour table, its last chunks included."""
    wavs = [row.wav for row in flavours()]
    return [wav if len(wav) < 2 * SEED_BYTES else wav[:SEED_BYTES] + wav[-200:] for wav in wavs]


def mutate(wav: bytes, drawn: random.Random) -> bytes:
    """A few changes of the kind that upset parsers."""
    made = bytearray(wav)
    for _ in range(drawn.randrange(1, 5)):
        at = drawn.randrange(len(made) + 1) if drawn.random() < 0.3 else drawn.randrange(min(len(made), 120) + 1)
        kind = drawn.randrange(6)
        if kind == 0 and at < len(made):
            made[at] = drawn.randrange(256)
        elif kind == 1:
            made[at : at + 4] = struct.pack("<I", drawn.choice(NUMBERS))
        elif kind == 2:
            made[at : at + 2] = struct.pack("<H", drawn.choice(NUMBERS) & 0xFFFF)
        elif kind == 3:
            made[at:at] = struct.pack("<4sI", drawn.choice(NAMES), drawn.choice(NUMBERS))
        elif kind == 4:
            del made[at : at + drawn.randrange(1, 64)]
        else:
            made[at:at] = made[max(0, at - drawn.randrange(1, 200)) : at]
    return bytes(made)


def run_guided(seconds: int, folder: Path) -> None:
    """libFuzzer, told by the coverage of our own modules."""
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", "-max_len=4096", "-timeout=20", "-rss_limit_mb=1024"]
    arguments = [sys.argv[0], str(corpus), *limits, f"-artifact_prefix={folder}/", "-print_final_stats=1"]

    def mutate_either_way(wav: bytes, most: int, seed: int) -> bytes:
        drawn = random.Random(seed)
        made: bytes = mutate(wav, drawn) if drawn.random() < 0.5 else atheris.Mutate(wav, len(wav))
        return made[:most]

    atheris.Setup(arguments, check, custom_mutator=mutate_either_way)
    atheris.Fuzz()


def run_random(seconds: int, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
    """Mutations of the seeds until the time is over."""
    drawn = random.Random()
    pool, runs, end = seeds(), 0, clock() + seconds
    while clock() < end:
        wav = mutate(drawn.choice(pool), drawn)
        try:
            check(wav)
        except BaseException:
            (folder / f"finding-{runs}").write_bytes(wav)
            raise
        runs += 1
    print(f"{runs} files in {seconds} s, no finding")  # noqa: T201


def main() -> None:
    """Run for as many seconds as asked."""
    seconds = int(sys.argv[1])
    folder = Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp(prefix="fuzz-wav-"))
    folder.mkdir(parents=True, exist_ok=True)
    run_random(seconds, folder) if atheris is None else run_guided(seconds, folder)


if __name__ == "__main__":
    main()
