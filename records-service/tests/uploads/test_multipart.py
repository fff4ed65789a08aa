"""However a form is cut into blocks, it reads the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from records_service.errors import MultipartIncomplete, MultipartMalformed
from records_service.uploads.multipart import MultipartEvents, PartBegan, PartContent, boundary_of

PARTS = st.lists(st.tuples(st.sampled_from([b"user", b"token", b"file"]), st.binary(max_size=200)), max_size=5)
# Content that looks like a boundary is where a parser of blocks goes wrong.
_PIECES = st.sampled_from([b"\r", b"\n", b"-", b"--", b"\r\n--", b"cut", b"\r\n--cu", b"x"])
TRICKY = st.lists(st.tuples(st.just(b"file"), st.lists(_PIECES, max_size=30).map(b"".join)), max_size=3)


def encode(parts: list[tuple[bytes, bytes]]) -> bytes:
    body = b"".join(b'--cut\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % part for part in parts)
    return body + b"--cut--\r\n"


def read(blocks: list[bytes]) -> list[tuple[bytes, bytes]]:
    """Each part's Content-Disposition and content."""
    events = MultipartEvents(b"cut")
    found: list[tuple[bytes, bytes]] = []
    for block in blocks:
        for event in events.feed(block):
            if isinstance(event, PartBegan):
                found.append((event.headers["content-disposition"], b""))
            elif isinstance(event, PartContent):
                found[-1] = found[-1][0], found[-1][1] + event.data
    events.finish()
    return found


class TestBlocks:
    @given(st.data(), PARTS | TRICKY)
    def test_any_cut_reads_the_same(self, data: st.DataObject, parts: list[tuple[bytes, bytes]]) -> None:
        parts = [part for part in parts if b"--cut" not in part[1]]
        body = encode(parts)
        cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=20)))
        blocks = [body[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(body)], strict=True)]
        expected = [(b'form-data; name="%s"' % name, content) for name, content in parts]
        assert read(blocks) == read([bytes([byte]) for byte in body]) == expected

    @given(st.binary(max_size=500))
    def test_any_bytes_are_read_or_refused(self, body: bytes) -> None:
        for tried in (body, b"--cut\r\n" + body, encode([(b"file", b"x")])[:-9] + body):
            try:
                events = MultipartEvents(b"cut")
                list(events.feed(tried))
                events.finish()
            except (MultipartMalformed, MultipartIncomplete):
                pass


class TestBoundary:
    @pytest.mark.parametrize(
        ("content_type", "boundary"),
        [
            ("multipart/form-data; boundary=cut", b"cut"),
            ('Multipart/Form-Data;charset=utf-8; Boundary="a b:c"; x=y', b"a b:c"),
            (
                "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk",
                b"----WebKitFormBoundary7MA4YWxk",
            ),
        ],
    )
    def test_is_found(self, content_type: str, boundary: bytes) -> None:
        assert boundary_of(content_type) == boundary
