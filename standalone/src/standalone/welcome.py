"""What the person at the terminal reads once everything runs."""

import math
import shlex
import struct
import wave
from pathlib import Path

from standalone.data_folder import DataFolder
from standalone.database import DATABASE
from standalone.postgres import SUPERUSER, Postgres

SAMPLE_RATE_HZ = 16000
SAMPLE_SECONDS = 2


def welcome(port: int, folder: DataFolder, postgres: Postgres, start_seconds: float) -> str:
    """Where to go, and requests that can be pasted as they stand; makes the WAV that they upload."""
    sample = folder.path / "sample.wav"
    _write_sample(sample)
    base = f"http://localhost:{port}"
    psql = shlex.join([str(postgres.bin / "psql"), postgres.url(SUPERUSER, postgres.password, DATABASE)])
    return f"""\
Ready after {start_seconds:.1f} s: {base}   API documentation: {base}/docs   state: {base}/health

Try it (makes a user, uploads a recording, downloads the MP3):

  eval "$(curl -sS {base}/user -H 'Content-Type: application/json' -d '{{"name": "Ada"}}' |
    python3 -c 'import json, sys; u = json.load(sys.stdin); print("USER_ID=" + u["id"], "TOKEN=" + u["token"])')"
  LINK=$(curl -sS {base}/record -F user=$USER_ID -F token=$TOKEN -F file=@{shlex.quote(str(sample))} |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["url"])')
  echo "$LINK"; curl -sS -o sample.mp3 "$LINK"

Look into the database:

  {psql}

Ctrl-C stops everything; the data stays."""


def _write_sample(path: Path) -> None:
    """Two seconds of a tone that swells and fades, mono, 16-bit."""
    if path.exists():
        return
    count = SAMPLE_RATE_HZ * SAMPLE_SECONDS
    samples = (
        round(12000 * math.sin(math.pi * n / count) * math.sin(2 * math.pi * 440 * n / SAMPLE_RATE_HZ))
        for n in range(count)
    )
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(SAMPLE_RATE_HZ)
        wav.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
