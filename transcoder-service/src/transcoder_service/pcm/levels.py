"""Peak and RMS level of a whole recording, block by block."""

import numpy as np
import numpy.typing as npt

from transcoder_service.pcm.segment import AudioSegment, ratio_to_db

FULL_SCALE = 32768
_ROW_SAMPLES = 4096
_CACHED_SAMPLES = 16 * _ROW_SAMPLES


class Levels:
    """Collects 16-bit segments. The RMS is exact: squares are summed as whole numbers below 2^53 in float64.

    pydub's own `rms` is not used for that: it is rounded down to a whole number for each segment.
    """

    def __init__(self) -> None:
        self._peak = 0
        self._square_sum = 0
        self._sample_count = 0

    def add(self, segment: AudioSegment) -> None:
        """Take the next segment in, of any length."""
        self._peak = max(self._peak, segment.max)
        samples = np.frombuffer(segment.raw_data, "<i2")
        for start in range(0, len(samples), _CACHED_SAMPLES):
            self._square_sum += _sum_of_squares(samples[start : start + _CACHED_SAMPLES].astype(np.float64))
        self._sample_count += len(samples)

    @property
    def peak_dbfs(self) -> float | None:
        """0 at full scale, None for digital silence."""
        return _dbfs(self._peak)

    @property
    def rms_dbfs(self) -> float | None:
        """0 for a square wave at full scale, None for digital silence."""
        return _dbfs((self._square_sum / max(self._sample_count, 1)) ** 0.5)


def _sum_of_squares(samples: npt.NDArray[np.float64]) -> int:
    # In rows below the length from which OpenBLAS would start threads for a dot product.
    whole = len(samples) - len(samples) % _ROW_SAMPLES
    rows, rest = samples[:whole].reshape(-1, _ROW_SAMPLES), samples[whole:]
    return int(np.vecdot(rows, rows).sum()) + int(np.vecdot(rest, rest))


def _dbfs(level: float) -> float | None:
    return float(ratio_to_db(level / FULL_SCALE)) if level else None
