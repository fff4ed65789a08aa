"""Finds libmp3lame and declares the functions of it that are used.

Any build of LAME 3.100 or later with the whole `lame_*` API will do: one built for this kind of processor by
`build-libmp3lame.sh`, the system's, or the shared object in the `lameenc` wheel, which exports it too. The copy inside
the `av` wheel is not taken: it encodes at a third of the speed.
"""

import ctypes
import ctypes.util
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path

OLDEST_VERSION = (3, 100)

_HANDLE, _BUFFER, _INT = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
_SIGNATURES: dict[str, tuple[type | None, list[type]]] = {
    "get_lame_version": (ctypes.c_char_p, []),
    "lame_init": (_HANDLE, []),
    "lame_close": (_INT, [_HANDLE]),
    "lame_set_in_samplerate": (_INT, [_HANDLE, _INT]),
    "lame_set_num_channels": (_INT, [_HANDLE, _INT]),
    "lame_set_VBR": (_INT, [_HANDLE, _INT]),
    "lame_set_VBR_quality": (_INT, [_HANDLE, ctypes.c_float]),
    "lame_set_brate": (_INT, [_HANDLE, _INT]),
    "lame_set_quality": (_INT, [_HANDLE, _INT]),
    "lame_set_bWriteVbrTag": (_INT, [_HANDLE, _INT]),
    "lame_init_params": (_INT, [_HANDLE]),
    "lame_get_framesize": (_INT, [_HANDLE]),
    "lame_get_out_samplerate": (_INT, [_HANDLE]),
    "lame_get_encoder_padding": (_INT, [_HANDLE]),
    "lame_encode_buffer": (_INT, [_HANDLE, _BUFFER, _BUFFER, _INT, _BUFFER, _INT]),
    "lame_encode_buffer_interleaved": (_INT, [_HANDLE, _BUFFER, _INT, _BUFFER, _INT]),
    "lame_encode_flush": (_INT, [_HANDLE, _BUFFER, _INT]),
    "lame_encode_flush_nogap": (_INT, [_HANDLE, _BUFFER, _INT]),
    "lame_get_lametag_frame": (ctypes.c_size_t, [_HANDLE, _BUFFER, ctypes.c_size_t]),
}


class LameUnusableError(Exception):
    """No usable libmp3lame; the text says where it was looked for and what was wrong with each."""


class Lame:
    """A loaded library. Separate encoders of it may be used in separate threads."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.c = ctypes.CDLL(path)
        except OSError as error:
            raise LameUnusableError(f"{path}: {error}") from None
        missing = [name for name in _SIGNATURES if not hasattr(self.c, name)]
        if missing:
            raise LameUnusableError(f"{path}: has no {', '.join(missing)}")
        for name, (result, arguments) in _SIGNATURES.items():
            function = getattr(self.c, name)
            function.restype, function.argtypes = result, arguments
        self.version = str(self.c.get_lame_version().decode("ascii", "replace"))
        if _numbers(self.version) < OLDEST_VERSION:
            raise LameUnusableError(f"{path}: is LAME {self.version}; expected {'.'.join(map(str, OLDEST_VERSION))} up")


def load_lame(configured_path: str) -> Lame:
    """The configured library, or without one the first that is usable; raises LameUnusableError."""
    if configured_path:
        return Lame(configured_path)
    reasons = []
    for path in _candidates():
        try:
            return Lame(path)
        except LameUnusableError as error:
            reasons.append(str(error))
    raise LameUnusableError("; ".join(reasons) or "neither the system nor the lameenc package has libmp3lame")


def _candidates() -> Iterator[str]:
    built_here = Path(sys.prefix, "lib", "libmp3lame.so.0")
    if built_here.exists():
        yield str(built_here)
    for name in ("libmp3lame.so.0", "libmp3lame.dylib"):
        try:
            ctypes.CDLL(name)
        except OSError:
            continue
        yield name
    if found := ctypes.util.find_library("mp3lame"):  # asks ldconfig or a compiler, so only when the names fail
        yield found
    for folder in ("/opt/homebrew/lib", "/usr/local/lib"):
        yield from map(str, Path(folder).glob("libmp3lame.*dylib"))
    wheel = importlib.util.find_spec("lameenc")
    if wheel is not None and wheel.origin:
        yield wheel.origin


def _numbers(version: str) -> tuple[int, ...]:
    digits = version.replace("alpha", ".").replace("beta", ".").split(".")
    return tuple(int(part) for part in digits[:2] if part.isdigit())
