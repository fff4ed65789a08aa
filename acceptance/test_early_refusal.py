"""An upload that fails its checks is refused while it is still on its way, by our own answer, every time."""

import os
from collections.abc import Callable, Iterator, Mapping
from uuid import uuid4

import pytest

from acceptance.api import Account, Api
from acceptance.raw_http import FORM_TYPE, Answer, Connection, form_field, form_file
from acceptance.running_system import MAX_UPLOAD_BYTES
from acceptance.waves import music, wav

BODY_BYTES = 100 * 1024 * 1024
BLOCK = bytes(256 * 1024)
TRIES = int(os.environ.get("EARLY_REFUSAL_TRIES", "20"))
WAV_HEAD = wav(music(0.1))[:40] + BODY_BYTES.to_bytes(4, "little")

Refused = tuple[str, Mapping[str, str], bytes, int, str]
"""Target, headers, the body's first bytes, and the status and code of the answer."""


def bare_without_right(account: Account) -> Refused:
    headers = {"Content-Type": "audio/wav", "Authorization": f"Bearer {uuid4()}"}
    return f"/record?user={account.id}", headers, WAV_HEAD, 401, "unauthorized"


def bare_without_token(account: Account) -> Refused:
    return f"/record?user={account.id}", {"Content-Type": "audio/wav"}, WAV_HEAD, 401, "unauthorized"


def form_without_right(account: Account) -> Refused:
    head = form_field("user", account.id) + form_field("token", str(uuid4())) + form_file(b'; filename="a.wav"')
    return "/record", {"Content-Type": FORM_TYPE}, head + WAV_HEAD, 401, "unauthorized"


def form_that_is_no_wav(account: Account) -> Refused:
    head = form_field("user", account.id) + form_field("token", account.token) + form_file(b'; filename="a.wav"')
    return "/record", {"Content-Type": FORM_TYPE}, head + b"ID3\x04\0\0\0\0\0\0", 415, "not_a_wav"


def bare_that_is_no_wav(account: Account) -> Refused:
    headers = {"Content-Type": "audio/wav", **account.bearer}
    return f"/record?user={account.id}", headers, b"Dear diary, " * 100, 415, "not_a_wav"


def of_another_type(account: Account) -> Refused:
    headers = {"Content-Type": "video/mp4", **account.bearer}
    return f"/record?user={account.id}", headers, WAV_HEAD, 415, "content_type_unsupported"


REFUSED = [
    bare_without_right,
    bare_without_token,
    form_without_right,
    form_that_is_no_wav,
    bare_that_is_no_wav,
    of_another_type,
]
each_refusal = pytest.mark.parametrize("refused", REFUSED, ids=lambda make: make.__name__)


def blocks(head: bytes) -> Iterator[bytes]:
    """A body of `BODY_BYTES` that starts with `head`."""
    yield head
    left = BODY_BYTES - len(head)
    while left:
        yield BLOCK[:left]
        left -= min(left, len(BLOCK))


def assert_refused(answer: Answer, status: int, code: str) -> None:
    assert (answer.status, answer.problem()["code"]) == (status, code)


class TestAnUploadThatIsRefused:
    @each_refusal
    def test_gets_our_answer_though_it_sends_on_to_the_end(
        self, api: Api, gateway: str, account: Account, refused: Callable[[Account], Refused]
    ) -> None:
        """The naive client: it sends 100 MB, and reads only then."""
        target, headers, head, status, code = refused(account)
        for _ in range(TRIES):
            with Connection(gateway) as connection:
                connection.begin("POST", target, {**headers, "Content-Length": str(BODY_BYTES)})
                assert connection.send(blocks(head)), "the gateway closed the connection on a client that was sending"
                assert_refused(connection.answer(), status, code)
        assert api.ids_of(account) == []

    @each_refusal
    def test_need_not_send_its_rest(
        self, gateway: str, account: Account, refused: Callable[[Account], Refused]
    ) -> None:
        """The answer comes after the first block, with 100 MB announced and no more sent."""
        target, headers, head, status, code = refused(account)
        with Connection(gateway) as connection:
            connection.begin("POST", target, {**headers, "Content-Length": str(BODY_BYTES)})
            connection.send([head + BLOCK])
            answer = connection.answer()
        assert_refused(answer, status, code)
        assert answer.seconds < 3


class TestAnUploadThatIsTooLarge:
    HEADERS: Mapping[str, str] = {"Content-Type": "audio/wav", "Content-Length": str(MAX_UPLOAD_BYTES + 1)}

    def test_is_refused_by_its_header_though_it_sends_on(self, gateway: str, account: Account) -> None:
        for _ in range(TRIES):
            with Connection(gateway) as connection:
                connection.begin("POST", f"/record?user={account.id}", {**self.HEADERS, **account.bearer})
                connection.send(blocks(WAV_HEAD))
                assert_refused(connection.answer(), 413, "upload_too_large")

    def test_need_not_send_anything(self, gateway: str, account: Account) -> None:
        with Connection(gateway) as connection:
            connection.begin("POST", f"/record?user={account.id}", {**self.HEADERS, **account.bearer})
            answer = connection.answer()
        assert_refused(answer, 413, "upload_too_large")
        assert answer.seconds < 1

    def test_may_ask_first(self, gateway: str, account: Account) -> None:
        """`Expect: 100-continue`, which curl sends with every large upload, is answered with the refusal."""
        headers = {**self.HEADERS, **account.bearer, "Expect": "100-continue"}
        with Connection(gateway) as connection:
            connection.begin("POST", f"/record?user={account.id}", headers)
            assert_refused(connection.answer(), 413, "upload_too_large")
