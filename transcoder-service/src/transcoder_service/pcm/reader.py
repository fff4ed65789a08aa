"""Reads a WAV that arrives in blocks as 16-bit PCM, and learns its facts in the same pass."""

from collections.abc import Iterator

from service_kit.problems import Problem
from transcoder_service.errors import WavNoSamples
from transcoder_service.pcm.decoders import Decoder, new_decoder
from transcoder_service.pcm.downmix import DownMix
from transcoder_service.pcm.facts import RecordingFacts
from transcoder_service.pcm.levels import Levels
from transcoder_service.pcm.segment import AudioSegment
from transcoder_service.pcm.waveform import Waveform
from transcoder_service.wav.format import WavFormat
from transcoder_service.wav.stream import WavStream

SAMPLE_BYTES = 2


class PcmReader:
    """WAV bytes in, split into blocks anyhow; interleaved 16-bit little-endian PCM of one or two channels out.

    `format` is None until the header has been read. A call's output is at most about ten times its input, and next to
    nothing is held between calls. After a Problem every further call raises it again.
    """

    def __init__(self) -> None:
        self._stream = WavStream()
        self._samples: SampleReader | None = None
        self._problem: Problem | None = None

    @property
    def format(self) -> WavFormat | None:
        """How the source's samples are stored."""
        return self._stream.format

    @property
    def output_channels(self) -> int:
        """1 or 2; valid once `format` is known."""
        assert self.format is not None
        return min(self.format.channels, 2)

    @property
    def is_compressed(self) -> bool:
        """Whether the samples come in coded blocks; False while the header has not been read."""
        return self.format is not None and self.format.block_frames > 1

    def feed(self, block: bytes | memoryview) -> bytes:
        """The PCM that this block completes, perhaps none. Raises the Problem that makes the file unreadable."""
        return self._read(self._stream.feed(block), ended=False)

    def finish(self) -> bytes:
        """The upload has ended: the rest of the PCM. Raises what only the end tells, such as WavTruncated."""
        return self._read(self._stream.finish(), ended=True)

    def facts(self) -> RecordingFacts:
        """What was learned; valid after `finish`."""
        assert self._samples is not None
        return self._samples.facts()

    def _read(self, pieces: Iterator[memoryview], *, ended: bool) -> bytes:
        if self._problem is not None:
            raise self._problem
        try:
            # Piece by piece, so that problems come in the file's order however it is split.
            decoded = [self._sample_reader().read(piece) for piece in pieces]
            if ended:
                decoded.append(self._sample_reader().read_rest())
        except Problem as problem:
            self._problem = problem
            raise
        return decoded[0] if len(decoded) == 1 else b"".join(decoded)

    def _sample_reader(self) -> "SampleReader":
        if self._samples is None:
            assert self._stream.format is not None
            self._samples = SampleReader(self._stream.format, self._stream.data_bytes, self._stream.fact_frames)
        return self._samples


class SampleReader:
    """The contents of a data chunk, in pieces of any length, to PCM.

    `data_bytes` is the chunk's size where it is known; `fact_frames` the number of frames that a `fact` chunk tells.
    """

    def __init__(self, wav: WavFormat, data_bytes: int | None, fact_frames: int | None) -> None:
        self._wav = wav
        self._decoder: Decoder = new_decoder(wav)
        self._down_mix = DownMix(wav) if wav.channels > 2 else None
        self._output_channels = min(wav.channels, 2)
        self._levels = Levels()
        self._waveform = Waveform(self._output_channels)
        self._carried = b""
        self._frames = 0
        self._most_frames = believable_frames(wav, data_bytes, fact_frames)

    def read(self, piece: memoryview) -> bytes:
        """The PCM of all blocks that are complete with this piece; raises WavSamplesCorrupt."""
        if self._carried:
            piece = memoryview(self._carried + piece)
        whole = len(piece) - len(piece) % self._wav.block_bytes
        self._carried = bytes(piece[whole:])
        return self._finish_block(self._decoder.decode(piece[:whole])) if whole else b""

    def read_rest(self) -> bytes:
        """The PCM of a last block that was cut short; raises WavNoSamples when there was nothing at all."""
        rest = self._decoder.decode_rest(self._carried) if self._carried else b""
        pcm = self._finish_block(rest) if rest else b""
        if not self._frames:
            raise WavNoSamples("data: not a single complete sample; expected at least one")
        return pcm

    def facts(self) -> RecordingFacts:
        """What was learned so far."""
        return RecordingFacts(
            duration_seconds=self._frames / self._wav.sample_rate_hz,
            sample_rate_hz=self._wav.sample_rate_hz,
            channels=self._wav.channels,
            sample_count=self._frames,
            encoding=self._wav.encoding,
            bits_per_sample=self._wav.bits_per_sample,
            peak_dbfs=self._levels.peak_dbfs,
            rms_dbfs=self._levels.rms_dbfs,
            peaks=self._waveform.peaks(),
        )

    def _finish_block(self, samples: bytes) -> bytes:
        frame_bytes = SAMPLE_BYTES * self._wav.channels
        if self._most_frames is not None and self._frames + len(samples) // frame_bytes > self._most_frames:
            samples = samples[: (self._most_frames - self._frames) * frame_bytes]
        self._frames += len(samples) // frame_bytes
        pcm = self._down_mix.mix(samples) if self._down_mix else samples
        segment = AudioSegment(
            pcm, sample_width=SAMPLE_BYTES, frame_rate=self._wav.sample_rate_hz, channels=self._output_channels
        )
        self._levels.add(segment)
        self._waveform.add(pcm)
        return pcm


def believable_frames(wav: WavFormat, data_bytes: int | None, fact_frames: int | None) -> int | None:
    """How many frames a `fact` chunk takes off the end, which encoders of blocks fill up with silence.

    It is believed for the last two blocks only; some writers put other counts there. None: take what comes.
    """
    if wav.block_frames == 1 or data_bytes is None or fact_frames is None:
        return None
    most = -(-data_bytes // wav.block_bytes) * wav.block_frames
    return fact_frames if max(0, most - 2 * wav.block_frames) < fact_frames <= most else None
