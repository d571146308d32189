"""One action is carried out once, and what became of it is found out by looking."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.kit.scripted_aws import DESTINATION_ID, SOURCE_ID, account, accounts, let_in, policy, scripted

from backup_simulator.server import SimulatorServer
from crossvault.aspects.copies.aws import lifecycle_members
from crossvault.aspects.copies.contents import ARRIVALS, POINTS
from crossvault.aspects.copies.planned import Bound, StartCopy
from crossvault.aspects.copies.seen import TRAFFIC, RecoveryPoint
from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault.aws import creator_request_id
from crossvault.aspects.vault.seen import VAULT
from crossvault.aspects.vault_policy import POLICY, PutVaultPolicy
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Action
from crossvault.words.problems import ErrorClass
from crossvault.words.reasons import Reason

PROD = account("prod", SOURCE_ID, "crossvault-source", external_id="demo-external-id")
DR = account("dr", DESTINATION_ID, "crossvault-destination", external_id="demo-external-id")
DESIRED = policy(PROD, DR)
TARGET = DESIRED.destinations[0].vault
KEY = "arn:aws:kms:eu-central-1:222222222222:key/22222222-0000-4000-8000-000000000001"
CREATE = CreateVault("dr", TARGET, KEY)
DOCUMENT = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CrossvaultCopyIn",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": "backup:CopyIntoBackupVault",
                "Resource": "*",
            }
        ],
    }
)


def _observe(aws: AwsAccounts) -> Observed:
    return aws.observe(DESIRED, not_before=datetime.now(UTC))


def _start(point: RecoveryPoint, **more: Any) -> StartCopy:
    more = {"lifecycle": None, "role_arn": DESIRED[COPY_ROLE]} | more
    return StartCopy("dr", point, DESIRED.source, TARGET.arn, token="token-1", **more)


def _point(aws: AwsAccounts) -> RecoveryPoint:
    points = _observe(aws).source[POINTS]
    assert isinstance(points, Seen)
    return next(iter(points.value))


def _written(simulator: SimulatorServer) -> Counter[str]:
    return Counter(call.operation for call in simulator.control.calls(mutating=True))


def _prepared(simulator: SimulatorServer, **settings: Any) -> AwsAccounts:
    aws = accounts(simulator.url, **settings)
    assert aws.apply(CREATE).problem is None
    assert aws.apply(PutVaultPolicy("dr", TARGET, None, DOCUMENT, "CrossvaultCopyIn")).problem is None
    return aws


def test_vault_is_created_with_its_key_and_tag(simulator: SimulatorServer) -> None:
    """The vault says who made it, and the next look sees it."""
    aws = accounts(simulator.url)
    assert _observe(aws).destinations[0][VAULT] == Seen(None)

    result = aws.apply(CREATE)
    look = aws.observe(DESIRED, not_before=datetime(2020, 1, 1, tzinfo=UTC)).destinations[0][VAULT]
    aws.close()
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")

    assert result.problem is None
    assert isinstance(look, Seen)
    assert look.value is not None
    assert look.value.encryption_key_arn == KEY
    assert admin.list_tags(ResourceArn=TARGET.arn)["Tags"] == {"crossvault.io/managed-by": "crossvault"}


def test_vault_that_exists_already_is_no_failure(simulator: SimulatorServer) -> None:
    """Somebody was faster, or our own answer was lost: the next look tells."""
    aws = accounts(simulator.url)

    results = [aws.apply(CREATE), aws.apply(CREATE)]
    aws.close()

    assert [(result.problem, result.found) for result in results] == [(None, False), (None, True)]
    assert _written(simulator) == {"CreateBackupVault": 1}


def test_request_id_of_a_vault_is_always_the_same() -> None:
    """It depends on the vault alone and fits into AWS's 50 characters."""
    one, again = creator_request_id(TARGET.arn), creator_request_id(TARGET.arn)

    assert one == again != creator_request_id(DESIRED.source.arn)
    assert len(one) == 50


def test_vault_policy_is_put(simulator: SimulatorServer) -> None:
    """What was written is what the next look reads."""
    aws = _prepared(simulator)

    look = _observe(aws).destinations[0][POLICY]
    aws.close()

    assert isinstance(look, Seen)
    assert look.value is not None
    assert json.loads(look.value) == json.loads(DOCUMENT)


def test_policy_that_somebody_changed_is_not_overwritten(simulator: SimulatorServer) -> None:
    """Invariant 3: what is replaced is what was read, or nothing is written."""
    aws = _prepared(simulator)
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    changed = DOCUMENT.replace("CrossvaultCopyIn", "Theirs")
    admin.put_backup_vault_access_policy(BackupVaultName=TARGET.name, Policy=changed)
    simulator.control.clear_calls()

    result = aws.apply(PutVaultPolicy("dr", TARGET, None, DOCUMENT, "CrossvaultCopyIn"))
    aws.close()

    assert result.problem is not None
    assert (result.problem.reason, result.problem.error_class) == (Reason.CHANGED_MEANWHILE, ErrorClass.RETRY)
    assert _written(simulator) == {}


def test_copy_is_started_once_for_one_token(simulator: SimulatorServer) -> None:
    """Invariant 6: the same request again starts nothing."""
    aws = _prepared(simulator)
    action = _start(_point(aws))

    results = [aws.apply(action), aws.apply(action)]
    observed = _observe(aws)
    aws.close()
    jobs = observed.destinations[0][ARRIVALS].jobs
    assert isinstance(jobs, Seen)

    assert [(result.problem, result.found) for result in results] == [(None, False), (None, True)]
    assert [job.source_point_arn for job in jobs.value] == [action.point.arn]
    assert observed.source[TRAFFIC].in_progress == 1


def test_started_copy_counts_before_any_listing_shows_it(simulator: SimulatorServer) -> None:
    """Other policies of the account see the copy as running at once."""
    aws = _prepared(simulator)
    point = _point(aws)
    other = replace(DESIRED, destinations=(replace(DESIRED.destinations[0], vault=replace(TARGET, name="others")),))
    aws.apply(_start(point))

    observed = aws.observe(other, not_before=datetime.now(UTC))
    aws.close()

    assert observed.source[TRAFFIC].in_progress == 1


def test_passes_at_once_start_no_more_copies_than_there_are_places(simulator: SimulatorServer) -> None:
    """Five were planned for the same three places, of which one is taken: two begin, and AWS hears of no other."""
    aws = _prepared(simulator)
    points = _observe(aws).source[POINTS]
    assert isinstance(points, Seen)
    # One of each resource, as a pass would: AWS queues the second job of one.
    newest = {each.resource_arn: each for each in points.value}
    first, *others = newest.values()
    assert aws.apply(_start(first)).problem is None

    bound = Bound(3, DESIRED.key)
    with ThreadPoolExecutor(5) as pool:
        starts = [replace(_start(each), token=each.arn[-20:], bound=bound) for each in others]
        results = list(pool.map(aws.apply, starts))
    observed = _observe(aws)
    aws.close()

    assert Counter((each.withheld, each.problem) for each in results) == {(False, None): 2, (True, None): 3}
    assert _written(simulator)["StartCopyJob"] == 3
    assert observed.source[TRAFFIC].in_progress == 3
    alike = observed.source[TRAFFIC].alike
    assert Counter((each.vaults, each.policy) for each in alike) == {
        ((DESIRED.source.arn, TARGET.arn), None): 1,
        ((DESIRED.source.arn, TARGET.arn), DESIRED.key): 2,
    }


@pytest.mark.parametrize("fault", ["hang", "reset", "truncate"])
def test_lost_answer_is_told_and_looked_for(simulator: SimulatorServer, fault: str) -> None:
    """Invariant 10: the copy may have been started, so the next look asks AWS, whatever was read before."""
    aws = _prepared(simulator, read_timeout=3.0 if fault == "hang" else 60.0)
    point = _point(aws)
    simulator.control.faults.add(fault, operation="StartCopyJob", after_effect=True, times=1)
    before = datetime(2020, 1, 1, tzinfo=UTC)

    result = aws.apply(_start(point))
    jobs = aws.observe(DESIRED, not_before=before).destinations[0][ARRIVALS].jobs
    again = aws.apply(_start(point))
    after = aws.observe(DESIRED, not_before=before).destinations[0][ARRIVALS].jobs
    aws.close()

    assert result.problem is not None
    assert result.problem.error_class is ErrorClass.RETRY
    assert isinstance(jobs, Seen)
    assert isinstance(after, Seen)
    assert again.problem is None
    assert [job.id for job in jobs.value] == [job.id for job in after.value]
    assert len(after.value) == 1


@pytest.mark.parametrize(
    ("more", "reason", "error_class"),
    [
        pytest.param(
            {"role_arn": "arn:aws:iam::111111111111:role/other"},
            Reason.ACCESS_DENIED,
            ErrorClass.STUCK,
            id="the copy role may not be passed",
        ),
        pytest.param(
            {"lifecycle": Lifecycle(30, 60)}, Reason.REQUEST_REFUSED, ErrorClass.STUCK, id="an impossible lifecycle"
        ),
    ],
)
def test_refused_copy_says_why(
    simulator: SimulatorServer, more: dict[str, Any], reason: Reason, error_class: ErrorClass
) -> None:
    """A refusal is final for this recovery point and names its cause."""
    aws = _prepared(simulator)

    result = aws.apply(_start(_point(aws), **more))
    aws.close()

    assert result.problem is not None
    assert (result.problem.reason, result.problem.error_class) == (reason, error_class)


def test_refusal_is_remembered_until_aws_takes_the_copy(simulator: SimulatorServer) -> None:
    """The next look says what AWS would not start, so that other copies can go before it."""
    aws = _prepared(simulator)
    point = _point(aws)

    refusal = aws.apply(_start(point, lifecycle=Lifecycle(30, 60)))
    refused = _observe(aws).source[TRAFFIC].refused
    aws.apply(_start(point))
    after = _observe(aws).source[TRAFFIC].refused
    aws.close()

    assert {pair: each.problem for pair, each in refused.items()} == {(point.arn, TARGET.arn): refusal.problem}
    assert after == {}


@pytest.mark.parametrize(
    "action",
    [
        pytest.param(lambda vault: CreateVault("dr", vault, KEY), id="a vault"),
        pytest.param(lambda vault: PutVaultPolicy("dr", vault, None, DOCUMENT, "s"), id="a policy"),
    ],
)
def test_nothing_is_written_with_an_unproved_identity(simulator: SimulatorServer, action: Any) -> None:
    """Invariant 5, for writes: without any look before, the identity is proved first."""
    aws = accounts(simulator.url)
    wrong: Action = action(replace(TARGET, account=replace(DR, account_id="333333333333")))

    result = aws.apply(wrong)
    aws.close()

    assert result.problem is not None
    assert result.problem.reason is Reason.WRONG_ACCOUNT
    assert _written(simulator) == {}


@pytest.mark.parametrize(
    ("lifecycle", "members"),
    [
        pytest.param(None, {}, id="nothing declared"),
        pytest.param(Lifecycle(), {}, id="an empty lifecycle"),
        pytest.param(Lifecycle(delete_after_days=35), {"DeleteAfterDays": 35}, id="retention only"),
        pytest.param(
            Lifecycle(30, 120), {"MoveToColdStorageAfterDays": 30, "DeleteAfterDays": 120}, id="cold storage, too"
        ),
    ],
)
def test_lifecycle_sends_what_is_declared_only(lifecycle: Lifecycle | None, members: dict[str, int]) -> None:
    """A member that is left out means "as the source" to AWS."""
    assert lifecycle_members(lifecycle) == members


def test_a_job_that_aws_names_and_no_longer_lists_is_told() -> None:
    """AWS takes the request for a repetition of one whose job is forgotten."""
    now = [datetime.now(UTC)]
    point = RecoveryPoint("arn:p", "arn:r", "EBS", now[0], "COMPLETED")
    with scripted() as script:
        let_in(script)
        script.on("StartCopyJob", {"CopyJobId": "J"})
        aws = accounts(script.url, clock=lambda: now[0])
        problems = []
        for seconds in (0, 10, 60):
            now[0] += timedelta(seconds=seconds)
            problems.append(aws.apply(_start(point)).problem)
        aws.close()

    assert problems[:2] == [None, None]
    assert problems[2] is not None
    assert problems[2].reason is Reason.COPY_JOB_FORGOTTEN
