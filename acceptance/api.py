"""The public API as a client uses it. Knows nothing of how the system was started."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

Field = tuple[str, tuple[str | None, bytes] | tuple[str | None, bytes, str]]
"""One field of a form: its name, then file name (None for plain fields), content, and maybe content type."""


@dataclass(frozen=True)
class Account:
    """A user and its token, both as text."""

    id: str
    token: str
    name: str

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


class Api:
    """Requests through the gateway; each answer is checked for what every answer must have."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.client = httpx.Client(base_url=base_url, timeout=60)

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any request; asserts that the answer is not a 5xx from a bug and carries one request id."""
        response = self.client.request(method, path, **options)
        assert len(response.headers.get_list("X-Request-ID")) == 1, response.headers
        assert response.status_code != 500, response.text
        return response

    def new_account(self, name: str = "Ada") -> Account:
        """A user of its own for a test."""
        response = self.request("POST", "/user", json={"name": name})
        assert response.status_code == 201, response.text
        user = response.json()
        return Account(user["id"], user["token"], user["name"])

    def upload(
        self, account: Account, wav: bytes, name: str = "sound.wav", headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """POST /record as a form, the way a browser orders it."""
        return self.upload_form(
            [
                ("user", (None, account.id.encode())),
                ("token", (None, account.token.encode())),
                ("file", (name, wav, "audio/wav")),
            ],
            headers,
        )

    def upload_form(self, fields: Sequence[Field], headers: Mapping[str, str] | None = None) -> httpx.Response:
        """POST /record as a form with exactly these fields in this order."""
        return self.request("POST", "/record", files=list(fields), headers=headers)

    def upload_bare(self, account: Account, wav: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """POST /record?user= with the WAV as the body."""
        every = {"Content-Type": "audio/wav", **account.bearer, **(headers or {})}
        return self.request("POST", "/record", params={"user": account.id}, content=wav, headers=every)

    def store(self, account: Account, wav: bytes, name: str = "sound.wav") -> "Stored":
        """Upload, and insist that it was stored."""
        response = self.upload(account, wav, name)
        assert response.status_code == 201, response.text
        return Stored(account, response.json())

    def ids_of(self, account: Account) -> list[str]:
        """The ids of all of the account's records, newest first, at most 100."""
        response = self.request("GET", "/records", params={"limit": 100}, headers=account.bearer)
        assert response.status_code == 200, response.text
        return [item["id"] for item in response.json()["items"]]


@dataclass(frozen=True)
class Stored:
    """A stored record: its owner, and the JSON that the upload answered."""

    owner: Account
    facts: dict[str, Any]

    @property
    def id(self) -> str:
        record_id: str = self.facts["id"]
        return record_id

    @property
    def url(self) -> str:
        url: str = self.facts["url"]
        return url

    @property
    def query(self) -> dict[str, str]:
        return {"id": self.id, "user": self.owner.id}

    def url_never_asked(self) -> str:
        """The same link spelt differently, so that no cache keeps it: hexadecimal digits in random capitals."""
        dice = iter(uuid4().int.to_bytes(16, "big") * 8)
        spelt = "".join(c.upper() if next(dice) & 1 else c for c in self.id + self.owner.id)
        return f"/record?id={spelt[:36]}&user={spelt[36:]}"


PROBLEM_MEMBERS = {"type", "title", "status", "detail", "code", "request_id"}


def assert_problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is a problem of RFC 9457 with this status and code; its members."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code, problem
    assert problem["status"] == status
    assert problem.keys() >= PROBLEM_MEMBERS
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])
    assert problem["request_id"] == response.headers["X-Request-ID"]
    if status == 401:
        assert response.headers["WWW-Authenticate"] == "Bearer"
    if status in (429, 503, 504):
        assert int(response.headers["Retry-After"]) >= 1
    return problem
