"""Large answers are read in turns: few at once, each given back, and nobody held up by a connection that stalls."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import partial

import pytest
from tests.kit import sessions
from tests.kit.scripted_aws import Answer, account, let_in, scripted
from tests.kit.waiting import until

from crossvault.aspects.copies.aws.listing import recovery_points
from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings, large
from crossvault.aws.large import Turns
from crossvault.aws.threads import RequestThreads
from crossvault.words.problems import CrossvaultError

REGION = "eu-west-1"
PROD = account()


def _has_more(turns: Turns, than: int) -> bool:
    return len(turns._since) > than


def test_no_more_have_a_turn_than_may_and_all_come_to_it() -> None:
    """Twelve threads, five times each."""
    turns, lock, reading, most = Turns(2, 60.0), threading.Lock(), [0], [0]

    def read() -> None:
        for _ in range(5):
            turns.begin()
            with lock:
                reading[0] += 1
                most[0] = max(most[0], reading[0])
            time.sleep(0.001)
            with lock:
                reading[0] -= 1
            turns.end()
            turns.end()

    with ThreadPoolExecutor(12) as pool:
        assert all(each.exception(timeout=10) is None for each in [pool.submit(read) for _ in range(12)])
    assert most[0] == 2
    assert not turns._since


def test_who_has_a_turn_has_the_same_one_when_it_begins_again() -> None:
    """A page follows the one before it in the same thread."""
    turns = Turns(1, 60.0)
    turns.begin()
    turns.begin()
    turns.end()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(turns.begin).result(timeout=10)


@pytest.mark.parametrize("stalled", [1, 3])
def test_a_turn_counts_for_so_long_and_no_longer(stalled: int) -> None:
    """Connections that stall are waited for once; whoever had them gives back nothing of others."""
    now, turns, gate = [0.0], Turns(1, 1.0, lambda: now[0]), threading.Event()

    def stall() -> None:
        turns.begin()
        gate.wait(10)
        turns.end()

    with ThreadPoolExecutor(stalled) as pool:
        for _ in range(stalled):
            begun = len(turns._since)
            held = pool.submit(stall)
            until(partial(_has_more, turns, begun), "another one is answered")
            now[0] += 1.0
        turns.begin()
        gate.set()
        wait([held], timeout=10)
    assert turns._since.keys() == {threading.get_ident()}


def _points(number: int) -> str:
    rows = [
        {
            "RecoveryPointArn": f"arn:aws:backup:{REGION}:111111111111:recovery-point:{each:032x}",
            "ResourceArn": f"arn:aws:elasticfilesystem:{REGION}:111111111111:file-system/fs-{each:08x}",
            "ResourceType": "EFS",
            "Status": "COMPLETED",
            "CreationDate": 1.7e9 + each,
            "BackupSizeInBytes": 1,
            "IsEncrypted": True,
        }
        for each in range(number)
    ]
    return json.dumps({"RecoveryPoints": rows})


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Count the turns that are taken."""
    begun: list[int] = []
    turns = Turns(large.AT_ONCE, 60.0)
    begin = turns.begin

    def counted() -> None:
        begin()
        begun.append(threading.get_ident())

    monkeypatch.setattr(turns, "begin", counted)
    monkeypatch.setattr(large, "TURNS", turns)
    yield begun
    assert not turns._since, "all are given back"


@pytest.mark.parametrize(
    ("answer", "turns", "fails"),
    [
        pytest.param(_points(400), 1, False, id="many recovery points"),
        pytest.param(_points(2), 0, False, id="few"),
        pytest.param(_points(400)[:-9], 1, True, id="cut in the middle"),
        pytest.param(_points(400).replace('"Status": "COMPLETED"', '"Status": 7', 1), 1, True, id="of another kind"),
    ],
)
def test_every_turn_is_given_back(taken: list[int], answer: str, turns: int, *, fails: bool) -> None:
    """Whatever the answer is, and whether or not it can be believed."""
    with scripted() as script:
        let_in(script)
        script.on("ListRecoveryPointsByBackupVault", Answer(answer))
        aws = AwsAccounts(AwsSettings(region=REGION, endpoint_url=script.url, attempts=1), new_session=sessions.plain)
        access = aws._reach.sessions.enter(PROD)
        threads = RequestThreads(1, name="large")

        found = threads.submit(lambda: recovery_points(access, REGION, "orders"))
        wait([found], timeout=10)
        threads.close()
        aws.close()

    assert isinstance(found.exception(), CrossvaultError) is fails
    assert len(taken) == turns
