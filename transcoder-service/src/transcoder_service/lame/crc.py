"""The CRC-16 of the Xing/LAME tag: polynomial 0x8005, bits reflected, start value 0 (tag specification by G. Wesp).

Python's library has no such CRC, and a loop over bytes costs more than encoding them. So many short stretches are
taken side by side with numpy and their CRCs combined, which is a linear map for a given length.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint16]

_POLYNOMIAL = 0xA001  # 0x8005 with its bits reflected
_LANE_WORDS = 16
_LANE_BYTES = 2 * _LANE_WORDS


def crc16(data: bytes | bytearray | memoryview, crc: int = 0) -> int:
    """Continue `crc` over `data`."""
    lanes = len(data) // _LANE_BYTES
    if lanes:
        crc = _after_zeros(crc, lanes * _LANE_BYTES) ^ _crc_of_lanes(data, lanes)
    table = _byte_table()
    for byte in memoryview(data)[lanes * _LANE_BYTES :]:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc


def _crc_of_lanes(data: bytes | bytearray | memoryview, lanes: int) -> int:
    """CRCs of neighbouring lanes, combined two by two until one is left."""
    words = np.frombuffer(data, "<u2", lanes * _LANE_WORDS).reshape(lanes, _LANE_WORDS).T
    table = _word_table()
    crcs: Words = np.zeros(lanes, np.uint16)
    for row in words:
        crcs = table[crcs ^ row]
    doublings = _LANE_BYTES.bit_length() - 1
    while len(crcs) > 1:
        # A lane of zeros in front, whose CRC is zero, changes nothing.
        even = crcs if len(crcs) % 2 == 0 else np.concatenate((np.zeros(1, np.uint16), crcs))
        low, high = _zeros_tables(doublings)
        left = even[0::2]
        crcs = low[left & 0xFF] ^ high[left >> 8] ^ even[1::2]
        doublings += 1
    return int(crcs[0])


def _after_zeros(crc: int, zero_bytes: int) -> int:
    """What a CRC becomes after so many zero bytes."""
    doublings = 0
    while zero_bytes >> doublings:
        if zero_bytes >> doublings & 1:
            low, high = _zeros_tables(doublings)
            crc = int(low[crc & 0xFF] ^ high[crc >> 8])
        doublings += 1
    return crc


@cache
def _zeros_tables(doublings: int) -> tuple[Words, Words]:
    """What the low and the high byte of a CRC become after 2 ** doublings zero bytes; the map is linear."""
    low = np.arange(256, dtype=np.uint16)
    high: Words = (low << 8).astype(np.uint16)
    if doublings == 0:
        table = np.array(_byte_table(), np.uint16)
        return table[low], (high >> 8).astype(np.uint16)
    once_low, once_high = _zeros_tables(doublings - 1)

    def twice(crcs: Words) -> Words:
        once: Words = once_low[crcs & 0xFF] ^ once_high[crcs >> 8]
        again: Words = once_low[once & 0xFF] ^ once_high[once >> 8]
        return again

    return twice(low), twice(high)


@cache
def _byte_table() -> tuple[int, ...]:
    def step(crc: int) -> int:
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
        return crc

    return tuple(map(step, range(256)))


@cache
def _word_table() -> Words:
    """The CRC after two bytes, which are xored into it beforehand."""
    table = np.array(_byte_table(), np.uint16)
    words = np.arange(65536, dtype=np.uint16)
    for _ in range(2):
        words = words >> 8 ^ table[words & 0xFF]
    return words
