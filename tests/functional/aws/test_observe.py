"""One pass sees AWS as it is, and says where it could not look."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from tests.kit import sessions
from tests.kit.quickstart import DR, PROD, now, observe
from tests.kit.scripted_aws import (
    DESTINATION_ID,
    SOURCE_ID,
    accounts,
    let_in,
    policy,
    scripted,
)

from backup_simulator.server import SimulatorServer
from crossvault.aspects.copies.contents import ARRIVALS, POINTS
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import Jobs
from crossvault.aspects.copies.seen import TRAFFIC
from crossvault.aspects.effects import AwsAccounts
from crossvault.aspects.identity import IDENTITY
from crossvault.aspects.organization import ORGANIZATION, SWITCH, Organization
from crossvault.aspects.organization.aws import organization_path
from crossvault.aspects.vault import CreateVault
from crossvault.aspects.vault.seen import KEYS, VAULT, Key
from crossvault.aspects.vault_policy import PATHS, POLICY
from crossvault.aws import AwsSettings, tenants
from crossvault.engine.declared import Account, Desired, Limits, PolicyKey
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.words.problems import CrossvaultError, ErrorClass
from crossvault.words.reasons import Reason

KEY = "arn:aws:kms:eu-central-1:222222222222:key/22222222-0000-4000-8000-000000000001"
LIST_POINTS, LIST_JOBS, WHO_AM_I = "ListRecoveryPointsByBackupVault", "ListCopyJobs", "GetCallerIdentity"
VAULT_ARN = "arn:aws:backup:eu-central-1:222222222222:backup-vault:orders-copies"

COPY_IN = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
                "Action": "backup:CopyIntoBackupVault",
                "Resource": "*",
            }
        ],
    }
)


def _seen(look: Look[Any]) -> Any:
    assert isinstance(look, Seen), look
    return look.value


def _why(look: Look[Any]) -> Reason:
    assert isinstance(look, Unseen), look
    return look.problem.reason


def _make_vault(simulator: SimulatorServer, **more: Any) -> None:
    backup = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    backup.create_backup_vault(BackupVaultName="orders-copies", EncryptionKeyArn=KEY, **more)
    simulator.control.clear_calls()


def test_first_look_sees_the_whole_picture(simulator: SimulatorServer) -> None:
    """Accounts, organization, vaults, keys, recovery points and jobs, with a vault that is yet to be made."""
    aws = accounts(simulator.url)
    began = now()
    observed = observe(aws)
    aws.close()
    (sight,) = observed.destinations
    organization = Organization("o-crossvault1", "999999999999", "ALL")

    assert observed.at >= began
    source = observed.source
    assert (source.account, source[IDENTITY], source[ORGANIZATION], source[SWITCH]) == (
        PROD,
        Seen(SOURCE_ID),
        Seen(organization),
        Seen(value=True),
    )
    assert (sight.account, sight[IDENTITY], sight[ORGANIZATION]) == (DR, Seen(DESTINATION_ID), Seen(organization))
    assert _seen(observed.source[VAULT]).name == "orders"
    assert len(_seen(observed.source[POINTS])) == 24
    assert all(point.created.tzinfo is UTC for point in _seen(observed.source[POINTS]))
    assert (sight[VAULT], sight[POLICY], sight[KEYS].own, sight[ARRIVALS].copies) == (
        Seen(None),
        Seen(None),
        Seen(None),
        Seen(Inventory()),
    )
    assert sight[KEYS].wanted == Seen(Key(KEY, "CUSTOMER", "Enabled"))
    assert sight[ARRIVALS].jobs == Seen(Jobs())


def test_look_at_an_existing_vault_sees_key_and_copies(simulator: SimulatorServer) -> None:
    """Of a vault that exists, policy, key and contents are read, and what the declared alias names."""
    _make_vault(simulator)
    aws = accounts(simulator.url)
    began = now()
    (sight,) = observe(aws).destinations
    aws.close()

    assert _seen(sight[VAULT]).encryption_key_arn == KEY
    assert sight[KEYS].own == Seen(Key(KEY, "CUSTOMER", "Enabled"))
    assert sight[KEYS].wanted == sight[KEYS].own
    assert (sight[POLICY], sight[ARRIVALS].copies) == (Seen(None), Seen(Inventory()))
    listed_at = sight[ARRIVALS].listed_at
    assert listed_at is not None
    assert listed_at >= began


def test_first_look_costs_no_more_calls_than_it_has_questions(simulator: SimulatorServer) -> None:
    """Two accounts, two vaults, one of which is missing, the copy role and the keys; none changes anything.

    The switch of the organization is asked of the source's account only: nobody reads the other answer.
    """
    aws = accounts(simulator.url)
    observe(aws)
    aws.close()

    assert Counter(call.operation for call in simulator.control.calls()) == {
        "AssumeRole": 2,
        "GetCallerIdentity": 2,
        "DescribeOrganization": 2,
        "DescribeGlobalSettings": 1,
        "ListBackupVaults": 2,
        "DescribeRegionSettings": 1,
        "DescribeKey": 3,
        "GetKeyPolicy": 3,
        "GetRole": 1,
        "SimulatePrincipalPolicy": 3,
        "GetBackupVaultAccessPolicy": 1,
        "ListRecoveryPointsByBackupVault": 1,
        "ListCopyJobs": 1,
    }
    assert simulator.control.calls(mutating=True) == []


def test_later_looks_list_what_may_have_changed(simulator: SimulatorServer) -> None:
    """Of the source what is new, of the destination nothing, of the jobs those since the oldest that runs."""
    _make_vault(simulator)
    aws = accounts(simulator.url)
    before = observe(aws)
    simulator.control.clear_calls()
    after = observe(aws)
    aws.close()

    assert Counter(call.operation for call in simulator.control.calls()) == {
        "GetCallerIdentity": 2,
        "DescribeOrganization": 2,
        "DescribeGlobalSettings": 1,
        "ListBackupVaults": 2,
        "DescribeKey": 2,
        "GetBackupVaultAccessPolicy": 1,
        "ListRecoveryPointsByBackupVault": 1,
        "ListCopyJobs": 1,
    }
    assert after.source[POINTS] == before.source[POINTS]


def test_looks_are_shared_by_policies(simulator: SimulatorServer) -> None:
    """A second policy over the same vaults, and the same one a moment later, ask nothing."""
    aws = accounts(simulator.url)
    before = now()
    first = aws.observe(policy(PROD, DR), not_before=before)
    simulator.control.clear_calls()

    second = aws.observe(replace(policy(PROD, DR), generation=2), not_before=before)
    aws.close()

    assert simulator.control.calls() == []
    assert second == first


def _over(*names: str, limits: Limits = DR.limits) -> Desired:
    """Return a policy whose destinations are vaults of these names."""
    wanted = policy(PROD, replace(DR, limits=limits))
    (first,) = wanted.destinations
    places = [replace(first, name=name, vault=replace(first.vault, name=name)) for name in names]
    return replace(wanted, destinations=tuple(places))


def _vault_calls(simulator: SimulatorServer) -> Counter[str]:
    """Return how often vaults of the destination were asked for since the last time."""
    asked = [call.operation for call in simulator.control.calls() if call.account == DESTINATION_ID]
    simulator.control.clear_calls()
    return Counter(each for each in asked if each in {"DescribeBackupVault", "ListBackupVaults"})


FIVE = tuple(f"absent-{number}" for number in range(5))


@pytest.mark.parametrize(
    "wanted",
    [pytest.param([_over(*FIVE)], id="of one policy"), pytest.param([_over(each) for each in FIVE], id="of five")],
)
def test_five_absent_vaults_cost_one_look(simulator: SimulatorServer, wanted: list[Desired]) -> None:
    """One list tells of them all, and no vault is described."""
    aws, costs = accounts(simulator.url), []
    for _ in range(3):
        began = now()
        sights = [sight for each in wanted for sight in aws.observe(each, not_before=began).destinations]
        assert [sight[VAULT] for sight in sights] == [Seen(None)] * 5
        costs.append(_vault_calls(simulator))
    aws.close()

    assert costs == [{"ListBackupVaults": 1}] * 3


def test_vaults_cost_one_list_of_each_account(simulator: SimulatorServer) -> None:
    """However many policies there are, and whether their vaults are there or not; a page has a thousand."""
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    names = [f"made-{number}" for number in range(5)]
    for name in names:
        admin.create_backup_vault(BackupVaultName=name, EncryptionKeyArn=KEY)
    simulator.control.clear_calls()
    aws, began = accounts(simulator.url), now()
    sights = [aws.observe(_over(name), not_before=began).destinations[0] for name in (*names, *FIVE)]
    aws.close()
    asked = Counter(call.account for call in simulator.control.calls(operation="ListBackupVaults"))

    assert [_seen(sight[VAULT]).name for sight in sights[:5]] == names
    assert [sight[VAULT] for sight in sights[5:]] == [Seen(None)] * 5
    assert asked == {SOURCE_ID: 1, DESTINATION_ID: 1}
    assert _vault_calls(simulator) == {"ListBackupVaults": 1}


def test_a_row_of_the_list_says_what_a_description_says(simulator: SimulatorServer) -> None:
    """All that is read of a vault, its lock and its number of recovery points included."""
    _make_vault(simulator)
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    admin.put_backup_vault_lock_configuration(
        BackupVaultName="orders-copies", MinRetentionDays=7, MaxRetentionDays=3650
    )
    aws = accounts(simulator.url)
    listed = observe(aws)
    simulator.control.faults.add(
        "error", operation="ListBackupVaults", code="AccessDeniedException", status=403, message="no"
    )
    described = observe(aws)
    aws.close()
    (source, target) = [_seen(each[VAULT]) for each in (listed.source, listed.destinations[0])]

    assert (source, target) == (_seen(described.source[VAULT]), _seen(described.destinations[0][VAULT]))
    assert (source.points, target.points) == (24, 0)
    assert _seen(described.source[VAULT]).points == 24
    assert (target.locked, target.bounds) == (True, (7, 3650))
    assert simulator.control.calls(operation="DescribeBackupVault") != []


def test_a_newcomer_waits_for_nobody_who_waits_for_the_budget(simulator: SimulatorServer) -> None:
    """One namespace has used up what an account gives, and hangs in all its reads; another one sees all it wants."""
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    vaults = [f"crowd-{number}" for number in range(16)]
    for name in (*vaults, "late"):
        admin.create_backup_vault(BackupVaultName=name, EncryptionKeyArn=KEY)
    hangs, go, time = threading.Event(), threading.Event(), [0.0]

    def sleep(seconds: float) -> None:
        hangs.set()
        assert go.wait(60)
        time[0] += seconds

    settings = AwsSettings(endpoint_url=simulator.url, region="eu-west-1", attempts=1)
    aws = AwsAccounts(settings, new_session=sessions.plain, monotonic=lambda: time[0], sleep=sleep)
    began = now()
    first, *others, late = [_over(name, limits=Limits(reads_per_second=5)) for name in (*vaults, "late")]
    aws.observe(first, not_before=began)
    with ThreadPoolExecutor(len(vaults)) as pool:
        crowd = [pool.submit(aws.observe, each, not_before=began) for each in others]
        try:
            assert hangs.wait(10)
            late = replace(late, key=replace(late.key, namespace="late"))
            seen = pool.submit(aws.observe, late, not_before=began).result(10).destinations[0]
            assert not all(each.done() for each in crowd)
        finally:
            go.set()
        found = [_seen(each.result(10).destinations[0][VAULT]).name for each in crowd]
    aws.close()

    assert _seen(seen[VAULT]).name == "late"
    assert (seen[POLICY], seen[ARRIVALS].copies) == (Seen(None), Seen(Inventory()))
    assert found == vaults[1:]


def _deny(simulator: SimulatorServer, *operations: str) -> None:
    for each in operations:
        simulator.control.faults.add(
            "error", account=DESTINATION_ID, operation=each, code="AccessDeniedException", status=403
        )


def test_who_may_not_list_vaults_has_them_described(simulator: SimulatorServer) -> None:
    """A denied list is asked once, and not again for a while; what is there is seen all the same, look by look."""
    _make_vault(simulator)
    times = [now()]
    aws = accounts(simulator.url, clock=lambda: times[0])
    _deny(simulator, "ListBackupVaults")
    costs = []
    for minutes in (0, 5, 9, 2):
        times[0] += timedelta(minutes=minutes)
        (sight,) = aws.observe(_over("orders-copies"), not_before=times[0]).destinations
        assert _seen(sight[VAULT]).name == "orders-copies"
        assert sight[ARRIVALS].copies == Seen(Inventory())
        costs.append(_vault_calls(simulator))
    simulator.control.faults.clear()
    times[0] += timedelta(minutes=16)
    aws.observe(_over("orders-copies"), not_before=times[0])
    costs.append(_vault_calls(simulator))
    aws.close()

    both, one = {"ListBackupVaults": 1, "DescribeBackupVault": 1}, {"DescribeBackupVault": 1}
    assert costs == [both, one, one, both, {"ListBackupVaults": 1}]


def test_a_denied_list_of_vaults_is_asked_once(simulator: SimulatorServer) -> None:
    """Its answer serves all vaults that need it, of whatever policy, until the next look."""
    aws, began = accounts(simulator.url), now()
    _deny(simulator, "ListBackupVaults")
    sights = [aws.observe(_over(each), not_before=began).destinations[0] for each in FIVE]
    assert [_why(sight[VAULT]) for sight in sights] == [Reason.ACCESS_DENIED] * 5
    assert _vault_calls(simulator) == {"DescribeBackupVault": 5, "ListBackupVaults": 1}
    simulator.control.faults.clear()

    found = [observe(aws, _over(each)).destinations[0][VAULT] for each in FIVE]
    aws.close()

    assert found == [Seen(None)] * 5


def test_what_is_neither_listed_nor_described_is_not_missing(simulator: SimulatorServer) -> None:
    """Invariant 7: both are denied of a vault that is there and of one that is not, and nobody can tell."""
    _make_vault(simulator)
    aws = accounts(simulator.url)
    _deny(simulator, "ListBackupVaults", "DescribeBackupVault")
    looks = [observe(aws, _over(name)).destinations[0] for name in ("orders-copies", "absent", "orders-copies")]
    aws.close()

    for each in looks:
        assert _why(each[VAULT]) is Reason.ACCESS_DENIED
        assert _why(each[ARRIVALS].copies) is Reason.ACCESS_DENIED
        assert _why(each[POLICY]) is Reason.ACCESS_DENIED


def test_a_list_that_could_not_be_asked_is_asked_again(simulator: SimulatorServer) -> None:
    """A throttle passes, and is no answer to anybody."""
    aws, began = accounts(simulator.url), now()
    simulator.control.faults.add("throttle", account=DESTINATION_ID, operation="ListBackupVaults", times=1)
    (first,) = aws.observe(_over(FIVE[0]), not_before=began).destinations
    (second,) = aws.observe(_over(FIVE[0]), not_before=began).destinations
    aws.close()

    assert _why(first[VAULT]) is Reason.THROTTLED
    assert second[VAULT] == Seen(None)


def test_a_vault_that_was_absent_is_seen_when_it_is_made(simulator: SimulatorServer) -> None:
    """The next list has its name; gone again, it is absent once it cannot be described either."""
    aws = accounts(simulator.url)
    (before,) = observe(aws).destinations
    _make_vault(simulator)
    _vault_calls(simulator)

    (made,) = observe(aws).destinations
    costs = [_vault_calls(simulator)]
    admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    admin.delete_backup_vault(BackupVaultName="orders-copies")
    (later,) = observe(aws).destinations
    costs.append(_vault_calls(simulator))
    aws.close()

    assert before[VAULT] == later[VAULT] == Seen(None)
    assert _seen(made[VAULT]).name == "orders-copies"
    assert costs == [{"ListBackupVaults": 1}, {"ListBackupVaults": 1, "DescribeBackupVault": 1}]


def test_an_absent_vault_is_no_younger_than_the_list_that_says_so(simulator: SimulatorServer) -> None:
    """The picture of a second policy is as old as the list that the first one asked for."""
    aws, began = accounts(simulator.url), now()
    aws.observe(_over(FIVE[0]), not_before=began)
    between = now()
    second = aws.observe(_over(FIVE[1]), not_before=began)
    aws.close()

    assert began <= second.at <= between


def test_who_waits_for_the_budget_waits_as_the_namespace_of_its_pass(simulator: SimulatorServer) -> None:
    """Whatever thread asks: what a pass looks at and does counts for its namespace, a look at an account for nobody."""
    waited: Counter[str] = Counter()
    time = [0.0]

    def sleep(seconds: float) -> None:
        waited[tenants.current()] += 1
        time[0] += seconds

    settings = AwsSettings(region="eu-west-1", endpoint_url=simulator.url, attempts=1)
    aws = AwsAccounts(settings, monotonic=lambda: time[0], sleep=sleep)
    slow = Limits(reads_per_second=1, starts_per_second=10_000)
    prod, dr = replace(PROD, limits=slow), replace(DR, limits=slow)
    for number in range(6):
        aws.observe(replace(policy(prod, dr), key=PolicyKey("shop", str(number))), not_before=now())
    waits = [set(waited)]
    waited.clear()
    for _ in range(6):
        aws.look_at_account(prod, not_before=now())
    waits.append(set(waited))
    waited.clear()
    vault = policy(prod, dr).destinations[0].vault
    made = [CreateVault("dr", replace(vault, name=f"made-{number}"), KEY) for number in range(6)]

    results = [aws.apply(each, namespace="books") for each in made]
    aws.close()

    assert [each.problem for each in results] == [None] * 6
    assert [*waits, set(waited)] == [{"shop"}, {""}, {"books"}]
    assert tenants.current() == ""


def test_look_is_never_older_than_asked_for(simulator: SimulatorServer) -> None:
    """Who needs to see now sees now."""
    aws = accounts(simulator.url)
    observe(aws)
    simulator.control.seed(
        SOURCE_ID, "eu-west-1", "orders", [{"resource": "vol-new", "resource_type": "EBS", "age": "1h"}]
    )

    observed = observe(aws)
    aws.close()

    assert len(_seen(observed.source[POINTS])) == 25


@pytest.mark.parametrize(
    ("who", "reason"),
    [
        pytest.param(replace(DR, external_id="wrong"), Reason.ASSUME_ROLE_DENIED, id="a wrong External ID"),
        pytest.param(replace(DR, external_id=None), Reason.ASSUME_ROLE_DENIED, id="no External ID"),
        pytest.param(replace(DR, role_arn=f"{DR.role_arn}-gone"), Reason.ASSUME_ROLE_DENIED, id="a missing role"),
        pytest.param(replace(DR, account_id="333333333333"), Reason.WRONG_ACCOUNT, id="another account's role"),
    ],
)
def test_unproved_identity_leaves_the_account_unseen(simulator: SimulatorServer, who: Account, reason: Reason) -> None:
    """Nothing else is read through a way in that was not proved, and the other account is seen all the same."""
    aws = accounts(simulator.url)
    observed = observe(aws, policy(PROD, who))
    aws.close()
    (sight,) = observed.destinations
    looks = (sight[IDENTITY], sight[ORGANIZATION], sight[VAULT])

    assert {_why(look) for look in (*looks, sight[POLICY], sight[KEYS].own, sight[ARRIVALS].copies)} == {reason}
    assert len({look.problem for look in looks if isinstance(look, Unseen)}) == 1
    assert observed.source[IDENTITY] == Seen(SOURCE_ID)
    assert len(_seen(observed.source[POINTS])) == 24
    assert {call.operation for call in simulator.control.calls(account=DESTINATION_ID)} <= {"GetCallerIdentity"}


def test_unproved_source_leaves_its_jobs_unseen(simulator: SimulatorServer) -> None:
    """Jobs are read in the source account: without it they are unknown, not absent."""
    aws = accounts(simulator.url)
    observed = observe(aws, policy(replace(PROD, external_id="wrong"), DR))
    aws.close()

    assert _why(observed.source[POINTS]) is Reason.ASSUME_ROLE_DENIED
    assert _why(observed.destinations[0][ARRIVALS].jobs) is Reason.ASSUME_ROLE_DENIED
    assert observed.destinations[0][IDENTITY] == Seen(DESTINATION_ID)


def test_recovered_account_is_seen_without_a_restart(simulator: SimulatorServer) -> None:
    """An External ID put right works with the next pass."""
    aws = accounts(simulator.url)
    observe(aws, policy(PROD, replace(DR, external_id="wrong")))

    observed = observe(aws, policy(PROD, DR))
    aws.close()

    assert observed.destinations[0][IDENTITY] == Seen(DESTINATION_ID)


@pytest.mark.parametrize(
    ("fault", "options", "reason", "operation"),
    [
        pytest.param("throttle", {}, Reason.THROTTLED, LIST_JOBS, id="AWS throttles"),
        pytest.param(
            "error",
            {"code": "ServiceUnavailableException", "status": 500},
            Reason.SERVICE_UNAVAILABLE,
            WHO_AM_I,
            id="AWS fails",
        ),
        pytest.param("hang", {}, Reason.TIMED_OUT, LIST_POINTS, id="AWS hangs"),
        pytest.param("reset", {}, Reason.UNREACHABLE, LIST_JOBS, id="the connection is cut"),
        pytest.param("truncate", {}, Reason.UNEXPECTED_ANSWER, LIST_POINTS, id="the answer is cut"),
        pytest.param(
            "error",
            {"code": "AccessDeniedException", "status": 403},
            Reason.ACCESS_DENIED,
            LIST_POINTS,
            id="AWS denies",
        ),
        pytest.param(
            "error", {"code": "Brand-new", "status": 400}, Reason.INTERNAL_ERROR, LIST_JOBS, id="AWS invents a code"
        ),
    ],
)
def test_fault_is_named_and_passes(
    simulator: SimulatorServer, fault: str, options: dict[str, Any], reason: Reason, operation: str
) -> None:
    """What could not be seen is unseen for its own reason, and seen when the fault is over."""
    # What hangs is waited for in full; what does not may be slow on a loaded machine.
    aws = accounts(simulator.url, read_timeout=3.0 if fault == "hang" else 60.0)
    simulator.control.faults.add(fault, account=SOURCE_ID, operation=operation, **options)
    observed = observe(aws)
    looks: dict[str, Look[Any]] = {
        LIST_POINTS: observed.source[POINTS],
        LIST_JOBS: observed.destinations[0][ARRIVALS].jobs,
        WHO_AM_I: observed.source[IDENTITY],
    }
    look = looks[operation]
    assert _why(look) is reason

    simulator.control.faults.clear()
    after = observe(aws)
    aws.close()

    assert len(_seen(after.source[POINTS])) == 24
    assert after.destinations[0][ARRIVALS].jobs == Seen(Jobs())


def test_fault_that_botocore_retries_away_is_not_seen(simulator: SimulatorServer) -> None:
    """One bad answer costs an attempt and nothing else."""
    aws = accounts(simulator.url, attempts=3)
    simulator.control.faults.add("throttle", operation="ListCopyJobs", times=1)

    observed = observe(aws)
    aws.close()

    assert observed.destinations[0][ARRIVALS].jobs == Seen(Jobs())


def test_denied_vault_is_not_a_missing_one(simulator: SimulatorServer) -> None:
    """Invariant 7: AWS says AccessDenied for both; the list of vaults tells them apart, once it may be asked."""
    _make_vault(simulator)
    aws = accounts(simulator.url)
    _deny(simulator, "DescribeBackupVault", "ListBackupVaults")
    observe(aws)
    simulator.control.faults.clear()
    _deny(simulator, "DescribeBackupVault")
    (sight,) = observe(aws).destinations
    (absent,) = observe(aws, _over("absent")).destinations
    aws.close()
    look = sight[VAULT]
    assert isinstance(look, Unseen)

    assert look.problem.reason is Reason.ACCESS_DENIED
    assert look.problem.error_class is ErrorClass.STUCK
    assert look.problem.message == (
        "Cannot read vault orders-copies in account dr (222222222222, eu-central-1): role crossvault-destination lacks "
        "backup:DescribeBackupVault. Allow the action in the role's policies. The vault exists. (AccessDeniedException)"
    )
    assert _why(sight[ARRIVALS].copies) is Reason.ACCESS_DENIED
    assert absent[VAULT] == Seen(None)


def test_who_may_list_vaults_need_not_describe_them(simulator: SimulatorServer) -> None:
    """A row has everything that is read of a vault."""
    _make_vault(simulator)
    aws = accounts(simulator.url)
    _deny(simulator, "DescribeBackupVault")
    (sight,) = observe(aws).destinations
    aws.close()

    assert _seen(sight[VAULT]).name == "orders-copies"
    assert sight[ARRIVALS].copies == Seen(Inventory())


def test_vault_is_unseen_when_the_list_is_denied_too(simulator: SimulatorServer) -> None:
    """Without the list nobody knows whether the vault exists."""
    aws = accounts(simulator.url)
    simulator.control.faults.add(
        "error", account=DESTINATION_ID, operation="ListBackupVaults", code="AccessDeniedException", status=403
    )
    (sight,) = observe(aws).destinations
    aws.close()

    look = sight[VAULT]
    assert isinstance(look, Unseen)
    assert "backup:ListBackupVaults" in look.problem.message


def test_jobs_of_other_vaults_are_left_out(simulator: SimulatorServer) -> None:
    """AWS cannot filter by source vault; a policy sees the jobs of its own."""
    _make_vault(simulator)
    admin = simulator.client("backup", SOURCE_ID, "admin", region="eu-west-1")
    points = admin.list_recovery_points_by_backup_vault(BackupVaultName="orders")["RecoveryPoints"]
    into = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    into.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=COPY_IN)
    admin.start_copy_job(
        RecoveryPointArn=points[0]["RecoveryPointArn"],
        SourceBackupVaultName="orders",
        DestinationBackupVaultArn=VAULT_ARN,
        IamRoleArn="arn:aws:iam::111111111111:role/service-role/AWSBackupDefaultServiceRole",
    )
    admin.create_backup_vault(BackupVaultName="others")
    aws = accounts(simulator.url)
    mine, other = policy(PROD, DR), policy(PROD, DR)
    other = replace(other, source=replace(other.source, name="others"))

    ours, theirs = observe(aws, mine), observe(aws, other)
    aws.close()

    assert [job.source_point_arn for job in _seen(ours.destinations[0][ARRIVALS].jobs)] == [
        points[0]["RecoveryPointArn"]
    ]
    assert theirs.destinations[0][ARRIVALS].jobs == Seen(Jobs())
    assert (ours.source[TRAFFIC].in_progress, theirs.source[TRAFFIC].in_progress) == (1, 1)


def test_account_is_looked_at_by_itself(simulator: SimulatorServer) -> None:
    """Identity, organization and switch, in one of the account's Regions."""
    aws = accounts(simulator.url)
    sight = aws.look_at_account(replace(DR, regions=("eu-central-1",)), not_before=now())
    aws.close()

    assert sight[IDENTITY] == Seen(DESTINATION_ID)
    assert sight[ORGANIZATION] == Seen(Organization("o-crossvault1", "999999999999", "ALL"))
    assert sight[SWITCH] == Seen(True)
    assert {call.region for call in simulator.control.calls(service="backup")} == {"eu-central-1"}


def test_dropped_account_leaves_nothing_behind(simulator: SimulatorServer) -> None:
    """After its BackupAccount is deleted nothing of an account is kept."""
    aws = accounts(simulator.url)
    observe(aws)

    aws.drop("dr")

    assert {key[1][0] for key in aws._reach.reads._entries if isinstance(key[1], tuple)} == {"prod"}
    aws.close()


def test_picture_is_as_old_as_its_oldest_part(simulator: SimulatorServer) -> None:
    """Shared answers bring their age with them."""
    aws = accounts(simulator.url)
    before = now()
    first = aws.observe(policy(PROD, DR), not_before=before)
    aws._reach.reads.invalidate(("points", aws._reach.sessions.enter(PROD).fingerprint, "eu-west-1", "orders"))

    second = aws.observe(policy(PROD, DR), not_before=before)
    aws.close()

    assert second.at == first.at
    assert second.at - before < timedelta(minutes=1)


# --- Places in the organization ------------------------------------------------------------------------------------

UNITS = "aws:PrincipalOrgPaths", "aws:ResourceOrgPaths"
MANAGEMENT_ID = "999999999999"


def _for_units(*keys: str) -> str:
    """Write a vault policy for everybody whose path, or the vault's, is as it should be."""
    statement = json.loads(COPY_IN)["Statement"][0] | {"Principal": "*"}
    statement["Condition"] = {"ForAnyValue:StringLike": dict.fromkeys(keys, "o-crossvault1/*")}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _put_policy(simulator: SimulatorServer, document: str) -> None:
    backup = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
    backup.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=document)
    simulator.control.clear_calls()


def _may_read_the_organization(simulator: SimulatorServer, account_id: str, role: str) -> None:
    """Delegate an administration to an account, and let a role ask."""
    simulator.client("organizations", MANAGEMENT_ID, "admin", region="us-east-1").register_delegated_administrator(
        AccountId=account_id, ServicePrincipal="backup.amazonaws.com"
    )
    statement = {"Effect": "Allow", "Action": "organizations:ListParents", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = simulator.client("iam", account_id, "admin", region="us-east-1")
    iam.put_role_policy(RoleName=role, PolicyName="paths", PolicyDocument=document)


def _nested(simulator: SimulatorServer) -> str:
    """Put the source's account into a unit of a unit and return its path."""
    admin = simulator.client("organizations", MANAGEMENT_ID, "admin", region="us-east-1")
    (root,) = admin.list_roots()["Roots"]
    outer = admin.create_organizational_unit(ParentId=root["Id"], Name="outer")["OrganizationalUnit"]["Id"]
    inner = admin.create_organizational_unit(ParentId=outer, Name="inner")["OrganizationalUnit"]["Id"]
    (parent,) = admin.list_parents(ChildId=SOURCE_ID)["Parents"]
    admin.move_account(AccountId=SOURCE_ID, SourceParentId=parent["Id"], DestinationParentId=inner)
    return f"o-crossvault1/{root['Id']}/{outer}/{inner}/"


@pytest.mark.parametrize(
    ("account_id", "role"),
    [(DESTINATION_ID, "crossvault-destination"), (SOURCE_ID, "crossvault-source")],
    ids=["the destination's account may ask", "the source's account may ask"],
)
def test_a_place_in_the_organization_is_read_through_whoever_may(
    simulator: SimulatorServer, account_id: str, role: str
) -> None:
    """From the account up to the root; the path is the one that conditions are about."""
    _make_vault(simulator)
    _put_policy(simulator, _for_units(*UNITS))
    path = _nested(simulator)
    _may_read_the_organization(simulator, account_id, role)
    aws = accounts(simulator.url)
    (sight,) = observe(aws).destinations
    aws.close()

    assert sight[PATHS].source == Seen(path)
    place = sight[PATHS].vault
    assert place is not None
    assert _seen(place).startswith("o-crossvault1/r-")


@pytest.mark.parametrize(
    ("policies", "asked"),
    [
        pytest.param(None, (False, False), id="no policy"),
        pytest.param(COPY_IN, (False, False), id="a policy about nobody's path"),
        pytest.param(_for_units(UNITS[0].upper()), (True, False), id="the caller's, in capitals"),
        pytest.param(_for_units(UNITS[1]), (False, True), id="the vault's"),
    ],
)
def test_places_are_asked_only_where_a_policy_speaks_of_them(
    simulator: SimulatorServer, policies: str | None, asked: tuple[bool, bool]
) -> None:
    """Most policies cost no call; a refusal is unknown and names what would help."""
    _make_vault(simulator)
    if policies is not None:
        _put_policy(simulator, policies)
    aws = accounts(simulator.url)
    (sight,) = observe(aws).destinations
    aws.close()

    looks = (sight[PATHS].source, sight[PATHS].vault)
    assert tuple(look is not None for look in looks) == asked
    calls = Counter(call.operation for call in simulator.control.calls())
    assert calls["ListParents"] == 2 * sum(asked)
    for look in filter(None, looks):
        assert isinstance(look, Unseen)
        assert look.problem.reason is Reason.ACCESS_DENIED
        assert "delegated administrators may" in look.problem.message
        assert "organizations:ListParents" in look.problem.message


def test_half_a_chain_of_parents_is_none() -> None:
    """A parent that is left out, and a chain without an end, are no path."""
    with scripted() as script:
        let_in(script)
        access = accounts(script.url)._reach.sessions.enter(PROD)
        answers: tuple[dict[str, Any], ...] = (
            {},
            {"Parents": []},
            {"Parents": [{}]},
            {"Parents": [{"Id": "ou-x-again"}]},
        )
        for answer in answers:
            script.on("ListParents", answer)
            with pytest.raises(CrossvaultError) as raised:
                organization_path(access, "eu-west-1", SOURCE_ID, "o-1")
            assert raised.value.problem.reason is Reason.UNEXPECTED_ANSWER
