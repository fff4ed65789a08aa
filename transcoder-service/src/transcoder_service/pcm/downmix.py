"""Three to eight channels to two, by the speaker that each channel is for.

Source of the coefficients: ITU-R BS.775, table of down-mixing equations for 2/0 from 3/2: centre and surrounds at
-3 dB, the low-frequency channel left out. The speakers that the table does not know go to their side at the same
-3 dB. The result is scaled so that it cannot clip whatever the channels hold.
"""

import numpy as np
import numpy.typing as npt

from transcoder_service.wav.format import WavFormat

_HALF_POWER = 0.5**0.5
_FULL = 1.0
_NONE = 0.0

# The speakers of WAVEFORMATEXTENSIBLE's dwChannelMask, from bit 0 on, and what left and right get of each.
_SPEAKERS: list[tuple[float, float]] = [
    (_FULL, _NONE),  # front left
    (_NONE, _FULL),  # front right
    (_HALF_POWER, _HALF_POWER),  # front centre
    (_NONE, _NONE),  # low frequency
    (_HALF_POWER, _NONE),  # back left
    (_NONE, _HALF_POWER),  # back right
    (_HALF_POWER, _NONE),  # front left of centre
    (_NONE, _HALF_POWER),  # front right of centre
    (_HALF_POWER, _HALF_POWER),  # back centre
    (_HALF_POWER, _NONE),  # side left
    (_NONE, _HALF_POWER),  # side right
    (_HALF_POWER, _HALF_POWER),  # top centre
    (_HALF_POWER, _NONE),  # top front left
    (_HALF_POWER, _HALF_POWER),  # top front centre
    (_NONE, _HALF_POWER),  # top front right
    (_HALF_POWER, _NONE),  # top back left
    (_HALF_POWER, _HALF_POWER),  # top back centre
    (_NONE, _HALF_POWER),  # top back right
]
_UNASSIGNED = (_HALF_POWER, _HALF_POWER)
_USUAL_MASKS = {
    3: 0b111,  # front left, right, centre
    4: 0b110011,  # front and back, left and right
    5: 0b110111,
    6: 0b111111,  # 5.1
    7: 0b11100001111,  # 5.1 with the surrounds at the side, and back centre
    8: 0b11000111111,  # 7.1
}


def stereo_matrix(channels: int, channel_mask: int) -> npt.NDArray[np.float32]:
    """The shares of left and right in each channel, shape (channels, 2); each column sums to 1 at most.

    A mask of 0 stands for the usual layout of that many channels. Channels past the mask's speakers go to both sides.
    """
    mask = channel_mask or _USUAL_MASKS[channels]
    shares = [share for bit, share in enumerate(_SPEAKERS) if mask >> bit & 1]
    shares += [_UNASSIGNED] * channels
    matrix = np.array(shares[:channels], np.float32)
    loudest = float(matrix.sum(axis=0).max())
    return matrix / np.float32(max(loudest, 1.0))


class DownMix:
    """Mixes interleaved 16-bit samples of `wav.channels` channels to two."""

    def __init__(self, wav: WavFormat) -> None:
        self._channels = wav.channels
        self._matrix = stereo_matrix(wav.channels, wav.channel_mask)

    def mix(self, samples: bytes) -> bytes:
        """Whole frames in, as many frames of stereo out."""
        frames = np.frombuffer(samples, "<i2").reshape(-1, self._channels)
        mixed = np.zeros((len(frames), 2), np.float32)
        # Channel by channel: a matrix product would be shared out over threads, which are not ours to take.
        for channel, (left, right) in enumerate(self._matrix):
            for side, share in enumerate((left, right)):
                if share:
                    mixed[:, side] += frames[:, channel] * share
        return np.rint(mixed).astype("<i2").tobytes()
