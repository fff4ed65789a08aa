"""The name of an uploaded file, from whatever a client puts into Content-Disposition.

Browsers write UTF-8 as it is and escape three characters with percent signs (HTML, "multipart/form-data encoding
algorithm"), command-line clients use backslashes (RFC 6266), some use `filename*` (RFC 8187), and old ones send a path.
A name is a label: it never reaches a file system, and what cannot be shown is dropped rather than refused.
"""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

DEFAULT_NAME = "recording.wav"
MAX_CHARACTERS = 255
MAX_SUFFIX_CHARACTERS = 16

_PARAMETER = re.compile(
    r"""[ \t]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^;]*))""", re.DOTALL
)
_ESCAPED = re.compile(r'\\(["\\])')
_PERCENT = {"%22": '"', "%0D": "\r", "%0A": "\n", "%0d": "\r", "%0a": "\n"}
_BROWSER_ESCAPE = re.compile("|".join(_PERCENT))
_EXTENDED = re.compile(r"([A-Za-z0-9-]+)'[^']*'((?:[^%]|%[0-9A-Fa-f]{2})*)")

# Controls, surrogates, line and paragraph separators.
_UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks that turn the direction of the text after them, and so can hide an extension.
_TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def parse_disposition(value: bytes) -> dict[str, str]:
    """The parameters of a Content-Disposition, names in lower case; of equal names the first counts.

    Never raises: what is not a parameter is skipped, and bytes that are not UTF-8 become U+FFFD.
    """
    text = value.decode("utf-8", "replace")
    parameters: dict[str, str] = {}
    position = text.find(";")
    while position != -1:
        match = _PARAMETER.match(text, position + 1)
        if match is None:
            position = text.find(";", position + 1)
            continue
        name, quoted, token = match.groups()
        parameters.setdefault(name.lower(), token.strip() if quoted is None else _ESCAPED.sub(r"\1", quoted))
        position = text.find(";", match.end())
    return parameters


def file_name(parameters: dict[str, str]) -> str:
    """The cleaned file name of a parsed Content-Disposition: `filename*` before `filename`, else a default."""
    plain = _BROWSER_ESCAPE.sub(lambda m: _PERCENT[m[0]], parameters.get("filename", ""))
    return clean_name(_decode_extended(parameters.get("filename*", "")) or plain)


def clean_name(name: str) -> str:
    """The last part of a path, without what cannot be shown, 1 to 255 characters; its extension survives the cut."""
    shown = "".join(c for c in name if unicodedata.category(c) not in _UNSHOWN and c not in _TURNS)
    last = re.split(r"[/\\]", shown)[-1].strip()
    if not last.strip(". "):
        return DEFAULT_NAME
    if len(last) <= MAX_CHARACTERS:
        return last
    stem, dot, suffix = last.rpartition(".")
    if not dot or not stem or len(suffix) >= MAX_SUFFIX_CHARACTERS:
        return last[:MAX_CHARACTERS].strip()
    return stem[: MAX_CHARACTERS - len(suffix) - 1] + dot + suffix


def _decode_extended(value: str) -> str:
    """The text of an RFC 8187 value, empty if it is not one."""
    match = _EXTENDED.fullmatch(value)
    if match is None:
        return ""
    try:
        return unquote_to_bytes(match[2]).decode({"utf-8": "utf-8", "iso-8859-1": "latin-1"}[match[1].lower()])
    except (KeyError, UnicodeDecodeError):
        return ""
