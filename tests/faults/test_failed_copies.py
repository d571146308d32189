"""Copies that fail: each class of failure is tried again as documented, with a new token, and never in a hot loop."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.kit import recorded
from tests.kit import stage as scene
from tests.kit.recorded import CopyFailure
from tests.kit.stage import Json, Stage

ONE = ({"resource_type": "S3", "resource": "orders-invoices", "age": "1d"},)
BUSY, TAGS, DENIED, MANAGED_KEY, TOGGLE = (
    recorded.copy_failures()[name]
    for name in ("too-many-copies", "too-many-tags", "service-not-authorized", "managed-key", "toggle-off")
)
UNHEARD_OF = replace(BUSY, text="Something new under the sun", category="MISCELLANEOUS")


@pytest.fixture
def single(stage: Stage) -> Stage:
    """An operator with one recovery point to copy."""
    stage.begin(scene.world(*ONE))
    return stage


def fail(stage: Stage, said: CopyFailure, *, times: int | None = None) -> None:
    """Order failures and let the first happen."""
    stage.control.order("FAILED", message=said.text, category=said.category, times=times)
    stage.look()
    stage.control.advance("20s")
    stage.look()


def starts(stage: Stage) -> int:
    """Return how often a copy was asked for."""
    return len(stage.writes("StartCopyJob"))


def test_a_failure_that_passes_is_tried_again_after_the_backoff(single: Stage) -> None:
    """Retry: failing until the back-off is over, then once more, as a new job."""
    fail(single, BUSY, times=1)
    assert scene.numbers(single.body)["failed"] == 1
    for _ in range(3):
        single.look()
    assert starts(single) == 1
    single.control.advance("14m")
    single.look()
    assert starts(single) == 1
    single.control.advance("2m")
    single.look()
    assert starts(single) == 2
    single.go_on(seconds=20)
    assert sum(single.jobs().values()) == 2
    assert set(single.copies().values()) == {1}


def test_the_backoff_doubles_and_then_gets_slow(single: Stage) -> None:
    """Attempts come at 15, 30, 60, 120 minutes, five in all; then failed, and once a day."""
    single.declare(copying={"retry": {"maxAttempts": 5, "backoff": "15m"}})
    fail(single, BUSY)
    gaps = []
    for _ in range(4):
        before, looks = starts(single), 0
        while starts(single) == before:
            single.later("16m")
            single.look()
            looks += 1
            assert looks < 20
        gaps.append(looks)
        single.control.advance("20s")
        single.look()
    assert gaps == [1, 2, 4, 8]
    assert scene.numbers(single.body)["failed"] == 1
    assert scene.condition(single.body) == ("False", "CopiesFailing")
    single.later("12h")
    single.look()
    assert starts(single) == 5
    single.later("8h")
    single.look()
    assert starts(single) == 6
    single.look()
    assert starts(single) == 6


@pytest.mark.parametrize("pause", ["10s", "30m"])
def test_a_failure_that_a_person_has_to_end_is_tried_slowly(single: Stage, pause: str) -> None:
    """Wait: failed and told at once; tried again after an hour or more, because the person may act unseen."""
    fail(single, TAGS)
    assert scene.numbers(single.body)["failed"] == 1
    assert scene.condition(single.body) == ("False", "CopiesFailing")
    assert scene.condition(single.body, "CopiesHealthy") == ("False", "TooManyTags")
    assert single.body["status"]["failures"][0]["reason"] == "TooManyTags"
    single.control.advance(pause)
    single.look()
    assert starts(single) == 1
    single.control.clear_outcomes()
    single.later("3h")
    single.look()
    assert starts(single) == 2
    single.go_on(seconds=20)


def test_a_failure_that_nothing_can_end_is_never_tried_again(single: Stage) -> None:
    """Terminal: failed with the reason; not one more attempt in a month."""
    fail(single, MANAGED_KEY)
    assert scene.condition(single.body, "CopiesHealthy") == ("False", "AwsManagedKey")
    for _ in range(5):
        single.later("5d")
        single.look()
    assert starts(single) == 1


def test_a_text_that_nobody_knows_is_tried_again(single: Stage) -> None:
    """Unknown: it counts as passing, and its text can be read."""
    fail(single, UNHEARD_OF, times=1)
    assert scene.numbers(single.body)["failed"] == 1
    single.control.advance("16m")
    single.look()
    assert starts(single) == 2
    single.go_on(seconds=20)


def test_a_token_is_used_for_one_attempt_only(single: Stage) -> None:
    """A restart during the back-off neither repeats the failed job's token nor starts early."""
    fail(single, BUSY, times=1)
    for _ in range(3):
        single.restart()
        single.look()
    assert starts(single) == 1
    single.later("16m")
    single.look()
    single.restart()
    single.look()
    assert sum(single.jobs().values()) == 2


def test_a_copy_role_that_lost_its_rights_is_told(single: Stage) -> None:
    """AWS refuses to pass the role, untold before: StartCopyJob fails, is told, and not asked again and again."""
    single.begin(without("PassCopyRole", "iam:SimulatePrincipalPolicy"))
    outcome = single.look()
    assert [each.problem.reason for each in outcome.results if each.problem] == ["AccessDenied"]
    assert scene.condition(single.body, "CopiesHealthy") == ("False", "AccessDenied")
    assert outcome.requeue is not None
    assert outcome.requeue >= timedelta(seconds=30)


def test_a_copy_role_that_may_not_be_passed_is_known_before(single: Stage) -> None:
    """Where the trial is allowed, nothing is started of which it is known that AWS refuses it."""
    single.begin(without("PassCopyRole"))
    outcome = single.look()
    assert not [each for each in outcome.results if each.problem]
    assert scene.row(single.body, "PassRole", "")[0] == "Unmet"
    assert starts(single) == 0


def without(*rights: str) -> Json:
    """Return the world with one recovery point in which the source's role lacks statements or actions."""
    made = scene.world(*ONE)
    reading = scene.role(made, scene.PRODUCTION, "crossvault-source")["policies"][0]["Statement"]
    reading[:] = [each for each in reading if each["Sid"] not in rights]
    for each in reading:
        if isinstance(each["Action"], list):
            each["Action"] = [action for action in each["Action"] if action not in rights]
    return made


def test_a_job_stuck_before_it_began_is_in_progress(single: Stage) -> None:
    """CREATED for days is shown as in progress and never copied beside; its gap ages."""
    single.control.order("STUCK_CREATED")
    single.look()
    for _ in range(3):
        single.later("2d")
        single.look()
    assert scene.numbers(single.body)["inProgress"] == 1
    assert starts(single) == 1


def test_a_copy_that_vanished_is_made_again_once(stage: Stage) -> None:
    """Somebody deletes a copy: a loss that is told, and a day later, beside copies as listed, copied again: once."""
    stage.begin(scene.world(*({**ONE[0], "age": f"{day}d"} for day in range(1, 6))))
    stage.go_on(seconds=20)
    victim = max(created for _, created in stage.copies())
    for jobs_before in (5, 6):
        with stage.cloud.simulator.lock:
            points = stage.vault().points
            del points[next(arn for arn, each in points.items() if each.created == victim)]
        stage.later("3h")
        stage.look()
        assert scene.condition(stage.body) == ("False", "CopiesFailing")
        assert sum(stage.jobs().values()) == jobs_before
        stage.later("25h")
        for _ in range(3):
            stage.look()
            stage.control.advance(20)
        assert sum(stage.jobs().values()) == 6
    assert scene.condition(stage.body, "CopiesHealthy") == ("False", "CopyVanished")


def test_the_only_copy_that_vanished_is_told_and_not_made_again(single: Stage) -> None:
    """Nothing shows that jobs name copies as they are listed, so that a person has to look."""
    single.go_on(seconds=20)
    with single.cloud.simulator.lock:
        single.vault().points.clear()
    for _ in range(5):
        single.later("12h")
        single.look()
    assert sum(single.jobs().values()) == 1
    assert scene.condition(single.body, "CopiesHealthy") == ("False", "CopyVanished")


@pytest.mark.parametrize(
    "said",
    [
        pytest.param("toggle-off", id="the switch was off"),
        pytest.param("organization", id="the accounts were in two organizations"),
        pytest.param("vault-access-denied", id="the policy of the vault did not let the role in"),
        pytest.param("vault-does-not-exist", id="there was no vault"),
        pytest.param("vault-lock", id="the lock of the vault did not allow the retention"),
        pytest.param("role-not-assumed", id="the role did not let AWS Backup in"),
        pytest.param("role-insufficient", id="the role might do too little"),
        pytest.param("key-not-accessible", id="the key let nobody in"),
        pytest.param("key-of-an-image", id="the key was disabled"),
        pytest.param("key-does-not-let-service-in", id="the key did not let the service-linked role in"),
        pytest.param("service-key-at-the-destination", id="the vault was on a key of AWS"),
    ],
)
def test_a_cause_that_is_seen_to_be_gone_ends_the_wait(stage: Stage, said: str) -> None:
    """It was there when the copy ran, and all is met now: tried at once, also after a restart."""
    found = recorded.copy_failures()[said]
    stage.begin(scene.world(*ONE))
    category = {"category": found.category} if found.category else {}
    stage.control.order("FAILED", message=found.text, times=1, **category)
    stage.look()
    stage.control.advance("20s")
    stage.restart()
    stage.look()
    assert starts(stage) == 2
    stage.go_on(seconds=20)


def test_what_the_role_is_said_to_lack_again_calls_a_person(single: Stage) -> None:
    """All that is seen of the role is met: tried once at once, and then somebody has to look for what is not seen."""
    fail(single, DENIED)
    single.control.advance("20s")
    for _ in range(3):
        single.look()
    assert starts(single) == 2
    assert [each["needsAction"] for each in single.body["status"]["failures"]] == [True]
    single.control.clear_outcomes()
    single.control.advance("16m")
    single.look()
    assert starts(single) == 3
    single.go_on(seconds=20)


def test_what_fails_again_though_its_cause_is_seen_to_be_gone_waits(stage: Stage) -> None:
    """Once at once, and then after 15, 30, 60 minutes: no pass after pass, and no day between two."""
    stage.begin(scene.world(*ONE))
    fail(stage, TOGGLE)
    stage.control.advance("20s")
    for _ in range(5):
        stage.look()
    assert starts(stage) == 2
    assert [each["needsAction"] for each in stage.body["status"]["failures"]] == [False]
    for pause in ("16m", "31m", "61m"):
        before = starts(stage)
        stage.control.advance(pause)
        stage.look()
        stage.control.advance("20s")
        for _ in range(3):
            stage.look()
        assert starts(stage) == before + 1
    stage.control.clear_outcomes()
    stage.later("2h")
    stage.go_on(seconds=20)
