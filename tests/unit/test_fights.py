"""What somebody undoes again and again: restored at once at first, then with pauses that grow, and told as a fight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import NOW, SOURCE_ID, TARGET_ARN, policy_body
from tests.kit.fake_aws import FakeAws
from tests.kit.passes import THEIRS, do_pass, readiness, settle, small_world

from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.engine.fights import AGAIN, FORGOTTEN, Mended, Repair, Repairs, counted
from crossvault.status import repairs
from crossvault.words.reasons import Reason

WHAT = Mended("dr", "VaultPolicy")
KEY, OTHER_KEY = (f"arn:aws:kms:eu-west-1:{SOURCE_ID}:key/{name}" for name in ("one", "two"))
ON_A_KEY = Mended("dr", "SourceKeys", KEY)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("count", "pause"), [(1, 0), (2, 0), (3, 5), (4, 10), (5, 20), (8, 160), (9, 320), (10, 360), (500, 360)]
)
def test_pauses_grow(count: int, pause: int) -> None:
    """From the third repair on, up to six hours."""
    assert Repair(count, NOW, NOW).due == NOW + pause * MINUTE


def test_only_what_was_met_is_restored() -> None:
    """All else is done for the first time, however often that takes."""
    assert counted({}, [WHAT], frozenset(), NOW) == {}
    assert counted({}, [WHAT], frozenset({WHAT}), NOW) == {WHAT: Repair(1, NOW, NOW)}
    assert counted({}, [Mended("dr", "")], frozenset({Mended("dr", "")}), NOW) == {}


def test_what_is_undone_within_a_pass_is_restored_in_it() -> None:
    """It is never seen to be met, however fast somebody is; the first time of it is none."""
    assert counted({}, [WHAT, WHAT, WHAT], frozenset(), NOW) == {WHAT: Repair(2, NOW, NOW)}


def test_of_several_things_each_is_counted_by_itself() -> None:
    """The row does not say which of them was as declared: the first write of each is kept, and the next one counts."""
    other, met = Mended("dr", "SourceKeys", OTHER_KEY), frozenset({Mended("dr", "SourceKeys")})
    found = counted({}, [ON_A_KEY], met, NOW)
    again = counted(found, [ON_A_KEY, other], met, NOW + MINUTE)

    assert found == {ON_A_KEY: Repair(0, NOW, NOW)}
    assert again == {ON_A_KEY: Repair(1, NOW, NOW + MINUTE), other: Repair(0, NOW + MINUTE, NOW + MINUTE)}


def test_what_lasts_for_a_day_is_forgotten() -> None:
    """The next repair is the first one again."""
    before = {WHAT: Repair(7, NOW, NOW)}
    late = NOW + FORGOTTEN
    assert counted(before, [WHAT], frozenset({WHAT}), late) == {WHAT: Repair(1, late, late)}
    assert counted(before, [], frozenset(), late - MINUTE) == before


@given(st.lists(st.timedeltas(timedelta(0), timedelta(hours=2)), max_size=200))
def test_writes_of_an_endless_fight_are_few(waits: list[timedelta]) -> None:
    """Whoever undoes each repair, whenever we look: from the third one on a day has at most ten."""
    found: Repairs = {}
    now, writes = NOW, []
    for wait in waits:
        now += wait
        if WHAT not in found or found[WHAT].due <= now:
            found = counted(found, [WHAT], frozenset({WHAT}), now)
            writes.append(now)
        assert sum(now - each < FORGOTTEN for each in writes) <= AGAIN + 10


@given(
    st.dictionaries(
        st.builds(
            Mended,
            st.sampled_from(["", "dr", "far"]),
            st.sampled_from(["VaultPolicy", "OrganizationToggle"]),
            st.sampled_from(["", KEY, OTHER_KEY]),
        ),
        st.builds(
            lambda count, ago: Repair(count, NOW - 2 * ago, NOW - ago),
            st.integers(1, 50),
            st.integers(0, 86_000).map(lambda each: timedelta(seconds=each)),
        ),
    )
)
def test_a_status_keeps_them(known: dict[Mended, Repair]) -> None:
    """What is written is read again, by a process that knows nothing else; another declaration starts anew."""
    status = {"observedGeneration": 3, "repairs": repairs.rows(known)}
    assert repairs.remembered(status, 3, NOW) == known
    assert repairs.remembered(status, 4, NOW) == {}


THEN = "2026-11-23T11:00:00Z"
WHOLE = {"destination": "dr", "prerequisite": "SourceKeys", "count": 3, "since": THEN, "last": THEN}


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"count": "3"},
        {"count": 3, "since": "yesterday", "last": None},
        WHOLE | {"count": 0},
        WHOLE | {"key": "arn:aws:kms:eu-west-1:1:key/x"},
        WHOLE | {"key": f"{KEY}; a word to others"},
        WHOLE | {"key": KEY, "count": -1},
    ],
)
def test_what_somebody_wrote_into_a_status_is_no_repair(row: dict[str, Any]) -> None:
    """Half an entry is none."""
    assert repairs.remembered({"observedGeneration": 1, "repairs": [row]}, 1, NOW) == {}


def test_a_date_in_the_future_holds_nothing_up() -> None:
    """Whoever may write a status cannot keep what is declared from being restored."""
    ahead = NOW + timedelta(days=3)
    status = {"observedGeneration": 1, "repairs": repairs.rows({WHAT: Repair(9, NOW, ahead)})}

    assert repairs.remembered(status, 1, NOW) == {}


def test_a_fight_over_many_keys_is_one_event_and_one_sentence() -> None:
    """Of the first; how many others there are is told with it."""
    keys = [Mended("dr", "SourceKeys", f"{KEY}-{number}") for number in range(30)]
    found = {each: Repair(AGAIN, NOW, NOW) for each in keys} | {WHAT: Repair(AGAIN, NOW, NOW)}
    told = repairs.begun({}, found)

    assert len(told) == 2
    assert f"SourceKeys of {KEY}-0 had to be restored 3 times" in told[0].message
    assert "(+29 more)" in told[0].message
    assert len(repairs.fights(found)) == 2
    assert repairs.begun(found, found) == ()


# --- Whole passes --------------------------------------------------------------------------------------------------


def undone(aws: FakeAws, body: dict[str, Any], wait: timedelta) -> bool:
    """Have somebody take our statement out, and do a pass some time later; tell whether it is back."""
    aws.policies[TARGET_ARN] = THEIRS
    aws.pass_time(wait)
    do_pass(aws, body)
    return aws.policies[TARGET_ARN] != THEIRS


def test_somebody_who_takes_our_statement_out_again_and_again_is_told() -> None:
    """Three times it is back at once; then it waits, which the status says with the number, and one event."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    assert [undone(aws, body, MINUTE) for _ in range(AGAIN)] == [True] * AGAIN
    aws.policies[TARGET_ARN] = THEIRS
    aws.pass_time(MINUTE)
    outcome = do_pass(aws, body)
    status = body["status"]

    assert aws.policies[TARGET_ARN] == THEIRS
    assert readiness(body)[0] == "False"
    assert [(each["prerequisite"], each["count"]) for each in status["repairs"]] == [("VaultPolicy", AGAIN)]
    (row,) = (each for each in status["prerequisites"] if each["name"] == "VaultPolicy")
    assert "had to be restored 3 times since" in row["remedy"]
    assert "It is tried again at" in row["remedy"]
    assert "somebody else changes it" in next(
        each["message"] for each in status["conditions"] if each["type"] == "Synced"
    )
    assert outcome.report is not None
    assert outcome.report.repairs.keys() == {WHAT}
    assert outcome.requeue is not None
    assert outcome.requeue <= 5 * MINUTE


def test_the_fight_is_one_event() -> None:
    """However long it lasts."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    told = []
    for _ in range(9):
        aws.policies[TARGET_ARN] = THEIRS
        aws.pass_time(timedelta(hours=7))
        told += [each.reason for each in do_pass(aws, body).events if each.reason is Reason.CONTESTED]

    assert told == [Reason.CONTESTED]


def test_a_pause_ends() -> None:
    """After five minutes it is restored again, and then only after ten."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    for _ in range(AGAIN):
        undone(aws, body, MINUTE)
    assert not undone(aws, body, 4 * MINUTE)
    assert undone(aws, body, 2 * MINUTE)
    assert not undone(aws, body, 9 * MINUTE)
    assert undone(aws, body, 2 * MINUTE)


def test_a_new_declaration_does_not_wait() -> None:
    """Whoever declares anew is heard at once."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    for _ in range(AGAIN):
        undone(aws, body, MINUTE)
    assert not undone(aws, body, MINUTE)
    body["metadata"]["generation"] += 1

    assert undone(aws, body, MINUTE)


def test_drift_has_the_time_at_which_it_was_first_seen() -> None:
    """It stays the same as long as the difference does."""
    aws, body = small_world(), policy_body()
    settle(aws, body)
    body["spec"]["mode"] = "Observe"
    aws.policies[TARGET_ARN] = THEIRS
    seen = set()
    for _ in range(3):
        do_pass(aws, body)
        seen |= {each["since"] for each in body["status"]["drift"]["items"]}
        aws.pass_time(MINUTE)

    assert len(seen) == 1
    assert not [each for each in aws.log[-3:] if isinstance(each, PutVaultPolicy)]
