"""Accounts share what clients are made of, and nothing of who asks."""

from __future__ import annotations

import io
import json
import random
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from tests.kit import sessions

from crossvault.aws import AwsSettings, CallCounts
from crossvault.aws.calls import CallHooks
from crossvault.aws.clients import SharedClients, lent, shareable
from crossvault.aws.own import client_config

REGION = "eu-west-1"
SETTINGS = AwsSettings(attempts=3)
_KEY = re.compile(rb"Credential=([^/]+)/")


@dataclass
class Wire:
    """What AWS gets: by access key what was asked, in which vault; it refuses some for a moment."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    refuses: Callable[[str, str], bool] = lambda _key, _vault: False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def session(self) -> botocore.session.Session:
        """Return a session that reaches it."""
        made = sessions.plain()
        answer: Any = self._answer
        made.register("before-send", answer)
        return made

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        authorization = request.headers.get("Authorization", b"")
        found = _KEY.search(authorization if isinstance(authorization, bytes) else authorization.encode())
        key = found[1].decode() if found else ""
        vault = request.url.split("/backup-vaults/")[1].split("/")[0]
        with self.lock:
            self.asked.append((key, vault))
            refused = self.refuses(key, vault)
        page = request.url.partition("nextToken=")[2]
        body = {"RecoveryPoints": [], **({} if page else {"NextToken": "2"})}
        if refused:
            return _response(request.url, 503, {"message": "later"})
        return _response(request.url, 200, body)


class _Raw(io.BytesIO):
    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


def _response(url: str, status: int, body: dict[str, Any]) -> AWSResponse:
    raw: Any = _Raw(json.dumps(body).encode())
    headers: Any = {"Content-Type": "application/json"}
    return AWSResponse(url, status, headers, raw)


@contextmanager
def shared(wire: Wire) -> Iterator[SharedClients]:
    """Make clients that reach a wire."""
    clients = SharedClients(wire.session, SETTINGS)
    yield clients
    clients.close()


def client_for(clients: SharedClients, who: str, counts: CallCounts, spent: Counter[str] | None = None) -> Any:
    """Return the client of an account, whose access key has its name."""

    def spend(_kind: str) -> None:
        if spent is not None:
            spent[who] += 1

    return clients.client("backup", REGION, Credentials(f"KEY{who}", "secret"), CallHooks(who, counts, spend))


def list_points(client: Any, vault: str) -> None:
    """List the recovery points of a vault over two pages."""
    for _ in client.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=vault):
        pass


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore ask again at once."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _seconds: None)


def test_who_asks_never_gets_mixed_up() -> None:
    """Forty accounts in eight threads, pages and retries in between: each request is signed, paid and noted as its own.

    The vault that is asked for has the name of the account.
    """
    dice = random.Random(7)  # noqa: S311 - no secret
    wire = Wire(refuses=lambda _key, _vault: dice.random() < 0.2)
    counts, spent = CallCounts(), Counter[str]()
    with shared(wire) as clients, ThreadPoolExecutor(8) as threads:
        made = {f"A{number}": client_for(clients, f"A{number}", counts, spent) for number in range(40)}

        def ask(who: str) -> None:
            with suppress(ClientError):  # three attempts may not do
                list_points(made[who], f"{who}-vault")

        order = [who for who in made for _ in range(6)]
        dice.shuffle(order)
        list(threads.map(ask, order))

    asked = Counter(key for key, _ in wire.asked)
    assert all(vault == f"{key.removeprefix('KEY')}-vault" for key, vault in wire.asked)
    assert set(asked) == {f"KEY{who}" for who in made}
    assert {f"KEY{who}": number for who, number in spent.items()} == asked
    noted: Counter[str] = Counter()
    for (who, *_), number in counts.requests().items():
        noted[f"KEY{who}"] += number
    assert noted == asked


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=12))
def test_pages_in_turns_are_each_their_own(turns: list[tuple[str, bool]]) -> None:
    """Accounts that take turns page by page, with clients made anew in between."""
    wire, counts = Wire(), CallCounts()
    with shared(wire) as clients:
        open_: dict[str, Iterator[Any]] = {}
        for who, anew in turns:
            if anew or who not in open_:
                paginator = client_for(clients, who, counts).get_paginator("list_recovery_points_by_backup_vault")
                open_[who] = iter(paginator.paginate(BackupVaultName=f"{who}-vault"))
            next(open_[who], None)
    assert all(key == f"KEY{vault[0]}" for key, vault in wire.asked)


def test_retries_are_rationed_for_each_account_by_itself() -> None:
    """Botocore gives up asking again where nearly all was refused; whom others refuse has its own ration."""
    wire, counts = Wire(refuses=lambda key, _vault: key == "KEYbusy"), CallCounts()
    with shared(wire) as clients:
        busy, calm = client_for(clients, "busy", counts), client_for(clients, "calm", counts)
        for _ in range(120):
            with pytest.raises(ClientError):
                list_points(busy, "busy-vault")
        before = len(wire.asked)
        with pytest.raises(ClientError):
            list_points(busy, "busy-vault")
        assert len(wire.asked) == before + 1  # its ration is used up

        once = defaultdict(int, {"KEYcalm": 2})

        def refuses(key: str, _vault: str) -> bool:
            once[key] -= 1
            return once[key] >= 0

        wire.refuses = refuses
        before = len(wire.asked)
        list_points(calm, "calm-vault")
        assert len(wire.asked) == before + 4  # two pages, the first of them at the third attempt


def test_what_is_shared_signs_nothing() -> None:
    """Its own requests carry no credentials, and there are none."""
    wire = Wire()
    made: Any = shareable(wire.session(), "backup", REGION, None, client_config(SETTINGS))
    list_points(made, "any-vault")
    assert {key for key, _ in wire.asked} == {""}

    one = lent(made, Credentials("KEYone", "secret"))
    assert one.meta.events is not made.meta.events
    list_points(made, "any-vault")
    assert {key for key, _ in wire.asked} == {""}


def test_a_client_that_is_closed_closes_no_other() -> None:
    """The connections are everybody's."""
    wire, counts = Wire(), CallCounts()
    with shared(wire) as clients:
        first, second = client_for(clients, "a", counts), client_for(clients, "b", counts)
        closed: list[str] = []
        inner = clients._shared["backup", REGION]._endpoint.http_session  # type: ignore[attr-defined]
        inner.close = lambda: closed.append("closed")
        first.close()
        assert closed == []
        list_points(second, "b-vault")
    assert closed == ["closed"]
    assert {key for key, _ in wire.asked} == {"KEYb"}
