"""What a look costs that an event asks for, and what it sees: what the event is about, and nothing else anew."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION, Json, Stage, condition, numbers, started

from crossvault.engine.hints import Hint, Subject
from crossvault.status.outcome import Outcome

VOLUME: Json = {"resource_type": "EBS", "resource": "vol-new", "key": "alias/orders-storage", "age": "0s"}
SOURCE = (PRODUCTION, HOME, "orders")
TARGET = (BACKUP, AWAY, "orders-copies")


def hint(place: tuple[str, str, str], subject: Subject) -> Hint:
    """Return a hint about a vault."""
    return Hint(place[0], place[1], subject, place[2])


NEW_POINT = (hint(SOURCE, Subject.BACKUP), hint(SOURCE, Subject.COPY), hint(TARGET, Subject.COPY))
ENDED = (hint(SOURCE, Subject.COPY), hint(TARGET, Subject.COPY))


def look(stage: Stage, *hints: Hint) -> tuple[Outcome, Counter[str]]:
    """Do a pass for which all that was ever seen is new enough, but what hints are about; return its calls."""
    stage.control.advance(1)
    for each in hints:
        stage.aws.heed(each, stage.clock())
    stage.control.clear_calls()
    outcome = stage.look(not_before=stage.clock() - timedelta(hours=1))
    return outcome, Counter(each.operation for each in stage.control.calls() if each.service != "sts")


@pytest.fixture
def settled(stage: Stage) -> Stage:
    """A policy whose copies are all there, and that has looked again since."""
    stage.go_on()
    stage.look()
    return stage


def test_without_a_hint_nothing_is_asked(settled: Stage) -> None:
    """The control: what was seen is new enough."""
    _, calls = look(settled)

    assert calls == {}


def test_a_new_point_costs_a_handful_of_calls(settled: Stage) -> None:
    """The newest of the source and of the jobs; and what the start of its copy asks for."""
    (made,) = settled.control.seed(*SOURCE, [VOLUME])
    outcome, calls = look(settled, *NEW_POINT)

    assert started(outcome) == [made.arn]
    assert calls["StartCopyJob"] == 1
    assert calls.total() <= 8, calls
    assert numbers(settled.body)["inProgress"] == 1


def test_an_event_that_was_forged_costs_two_calls(settled: Stage) -> None:
    """The newest of the source and of the jobs show that there is nothing."""
    outcome, calls = look(settled, *NEW_POINT)

    assert (outcome.results, outcome.summary) == ((), "")
    assert calls == {"ListRecoveryPointsByBackupVault": 1, "ListCopyJobs": 1}


def test_an_end_of_a_copy_is_seen_by_the_jobs_and_where_it_arrived(settled: Stage) -> None:
    """Whoever tells of it, the source's account or the destination's."""
    settled.control.seed(*SOURCE, [VOLUME])
    look(settled, *NEW_POINT)
    settled.control.advance("1m")
    outcome, calls = look(settled, *ENDED)

    assert numbers(settled.body)["copied"] == 5
    assert outcome.summary
    assert calls == {"ListCopyJobs": 1, "ListRecoveryPointsByBackupVault": 1}


def test_a_policy_that_somebody_changed_is_read_at_once_and_mended(settled: Stage) -> None:
    """However long it has been settled; nothing else is asked for but what the write asks for."""
    settled.admin().delete_backup_vault_access_policy(BackupVaultName="orders-copies")
    _, unheard = look(settled)
    assert unheard == {}
    _, calls = look(settled, hint(TARGET, Subject.POLICY))

    assert calls.keys() == {"GetBackupVaultAccessPolicy", "PutBackupVaultAccessPolicy"}
    assert (calls["PutBackupVaultAccessPolicy"], calls.total() <= 6) == (1, True), calls
    assert len(settled.statements()) == 1
    assert condition(settled.body) == ("True", "Protected")


@pytest.mark.parametrize(
    ("subject", "place", "asked"),
    [
        (Subject.POLICY, TARGET, {"GetBackupVaultAccessPolicy": 1}),
        (Subject.KEY, (BACKUP, AWAY, ""), {"DescribeKey": 2, "GetKeyPolicy": 1}),
        (
            Subject.VAULT,
            SOURCE,
            {"ListBackupVaults": 1, "ListRecoveryPointsByBackupVault": 1, "GetBackupVaultAccessPolicy": 1},
        ),
        (Subject.POLICY, SOURCE, {"GetBackupVaultAccessPolicy": 1}),
        (Subject.VAULT, TARGET, {"ListBackupVaults": 1, "GetBackupVaultAccessPolicy": 1}),
        (Subject.POLICY, (BACKUP, AWAY, "others"), {}),
        (Subject.POLICY, (BACKUP, HOME, "orders-copies"), {}),
        (Subject.BACKUP, ("0" * 12, HOME, "orders"), {}),
    ],
)
def test_a_hint_makes_old_what_it_is_about(
    settled: Stage, subject: Subject, place: tuple[str, str, str], asked: dict[str, int]
) -> None:
    """And nothing else; once, not in every pass from then on."""
    _, calls = look(settled, hint(place, subject))
    _, again = look(settled)

    assert calls == asked
    assert again == {}


def test_a_vault_that_is_gone_is_seen_at_once(settled: Stage) -> None:
    """By the list of all, and by a second question, because a list may be late."""
    vault = settled.vault()
    del settled.cloud.state.accounts[BACKUP].regions[AWAY].vaults[vault.name]
    look(settled, hint(TARGET, Subject.VAULT))

    assert condition(settled.body)[0] == "False"


def test_a_listing_that_was_made_before_the_event_will_not_do(settled: Stage) -> None:
    """Two policies that share a vault share what one of them has seen since, and nothing from before."""
    settled.control.advance(1)
    for each in NEW_POINT:
        settled.aws.heed(each, settled.clock())
    settled.control.clear_calls()
    for _ in range(3):
        settled.look(not_before=settled.clock() - timedelta(hours=1))

    assert Counter(each.operation for each in settled.control.calls() if each.service != "sts") == {
        "ListRecoveryPointsByBackupVault": 1,
        "ListCopyJobs": 1,
    }
