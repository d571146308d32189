"""The policy of a vault is looked at seldom while nothing is amiss with it, and at once when that will not do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit.quickstart import DR, PROD, now
from tests.kit.scripted_aws import DESTINATION_ID, SOURCE_ID, accounts, policy

from backup_simulator.server import SimulatorServer
from crossvault.aspects.copies.contents import POINTS
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copy_role import COPY_ROLE
from crossvault.aspects.vault_policy import POLICY, PutVaultPolicy
from crossvault.aspects.vault_policy.statement import sid_of, statement_for
from crossvault.aws.lasting import FORGOTTEN, Lasting
from crossvault.engine.declared import Desired, Ownership, PolicyKey
from crossvault.engine.looks import Seen
from crossvault.engine.observed import Observed
from crossvault.engine.plan import Result
from crossvault.status.outcome import Cadence
from crossvault.words.reasons import Reason

Json = dict[str, Any]

WANTED = policy(PROD, DR)
CHECKED = policy(PROD, DR, vault_policy=Ownership.CHECK)
ROLE = WANTED[COPY_ROLE]
ARN = WANTED.destinations[0].vault.arn
OURS = statement_for(ROLE)
DENY = {"Sid": "no", "Effect": "Deny", "Principal": "*", "Action": "backup:CopyIntoBackupVault", "Resource": "*"}
ANYBODY = {**DENY, "Sid": "any", "Effect": "Allow"}
NARROWED = {**OURS, "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-crossvault1"}}}
MINUTES = 5
A_MOMENT = timedelta(seconds=1)


class Watch:
    """One process that looks every five minutes, and what that costs."""

    def __init__(self, simulator: SimulatorServer) -> None:
        self.simulator, self.now = simulator, now()
        self.began = self.now
        self.admin = simulator.client("backup", DESTINATION_ID, "admin", region="eu-central-1")
        self.make()
        self.put(OURS)
        self.aws = accounts(simulator.url, clock=lambda: self.now)

    def make(self) -> None:
        """Let somebody make the vault."""
        key = "arn:aws:kms:eu-central-1:222222222222:key/22222222-0000-4000-8000-000000000001"
        self.admin.create_backup_vault(BackupVaultName="orders-copies", EncryptionKeyArn=key)

    def put(self, *statements: Json) -> None:
        """Let somebody write the policy of the vault."""
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self.admin.put_backup_vault_access_policy(BackupVaultName="orders-copies", Policy=document)
        self.simulator.control.clear_calls()

    def look(self, desired: Desired = WANTED, *, after: float = MINUTES) -> Observed:
        """Begin a pass, so many minutes after the last time."""
        self.now += timedelta(minutes=after)
        self.began = self.now
        return self.aws.observe(desired, not_before=self.began)

    def look_again(self) -> Observed:
        """Look once more in the same pass, as after what it has done."""
        self.now += A_MOMENT
        return self.aws.observe(WANTED, not_before=self.began)

    def reads(self) -> int:
        """Return how often the policy was read since the last time; that of the source vault is another."""
        calls = self.simulator.control.calls(operation="GetBackupVaultAccessPolicy")
        self.simulator.control.clear_calls()
        return sum("crossvault-destination" in each.principal for each in calls)

    def costs(self, desired: Desired = WANTED, *, looks: int = 8) -> list[int]:
        """Return how often the policy was read in each of some looks."""
        found = []
        for _ in range(looks):
            self.look(desired)
            found.append(self.reads())
        return found

    def start(self) -> Result:
        """Start the copy of the first recovery point."""
        observed = self.look_again()
        points = observed.source[POINTS]
        assert isinstance(points, Seen)
        point = next(iter(points.value))
        return self.aws.apply(StartCopy("dr", point, WANTED.source, ARN, ROLE, None, "token"))


@pytest.fixture
def watch(simulator: SimulatorServer) -> Iterator[Watch]:
    """Begin in a world where our statement stands in the vault's policy."""
    made = Watch(simulator)
    yield made
    made.aws.close()


def sids(observed: Observed) -> list[str]:
    """Return what was seen to stand in the policy."""
    look = observed.destinations[0][POLICY]
    assert isinstance(look, Seen)
    return [each["Sid"] for each in json.loads(look.value or '{"Statement": []}')["Statement"]]


@pytest.mark.parametrize("desired", [WANTED, CHECKED], ids=["kept", "only checked"])
def test_a_settled_policy_is_read_in_every_sixth_interval(watch: Watch, desired: Desired) -> None:
    """What another one reads does for all: a second policy over the vault has to see it once."""
    second = replace(desired, key=PolicyKey("shop", "second"))
    first = watch.costs(desired)
    both = [(watch.look(desired), watch.look(second, after=0), watch.reads())[2] for _ in range(6)]

    assert first == [1, 0, 0, 0, 0, 0, 1, 0]
    assert both == [1, 0, 0, 0, 0, 0]


def test_drift_is_seen_within_six_intervals(watch: Watch) -> None:
    """Nothing else tells of a statement that somebody took out while no copy is wanted."""
    watch.look()
    watch.put(ANYBODY)
    seen = [sids(watch.look()) for _ in range(6)]

    assert seen == [[sid_of(ROLE)]] * 5 + [["any"]]
    assert Cadence(interval=timedelta(minutes=MINUTES)).settled == timedelta(minutes=5 * MINUTES)


@pytest.mark.parametrize(
    ("statements", "desired"),
    [
        pytest.param([ANYBODY], WANTED, id="ours is missing, though anybody may copy in"),
        pytest.param([OURS, {**OURS, "Sid": sid_of(ROLE)}], WANTED, id="ours stands there twice"),
        pytest.param([NARROWED], WANTED, id="ours was changed, though it lets the role in"),
        pytest.param([{**OURS, "Principal": "*"}], WANTED, id="somebody else's stands under our Sid"),
        pytest.param([OURS, DENY], WANTED, id="a Deny"),
        pytest.param([DENY], CHECKED, id="a Deny where the policy is only checked"),
        pytest.param(
            [OURS, {**DENY, "Condition": {"StringEquals": {"aws:SourceVpc": "vpc-1"}}}],
            WANTED,
            id="a Deny that is unclear",
        ),
    ],
)
def test_a_policy_with_anything_amiss_is_read_at_every_look(
    watch: Watch, statements: list[Json], desired: Desired
) -> None:
    """And seldom again once it is as it should be."""
    watch.put(*statements)
    amiss = watch.costs(desired, looks=4)
    watch.put(OURS)

    assert amiss == [1] * 4
    assert watch.costs(desired, looks=4) == [1, 0, 0, 0]


@pytest.mark.parametrize(
    "declared",
    [
        pytest.param(replace(WANTED, generation=2), id="a spec that was changed"),
        pytest.param(replace(WANTED, created=datetime.fromisoformat("2026-01-01T00:00:00Z")), id="a policy made anew"),
        pytest.param(replace(WANTED, key=PolicyKey("shop", "new")), id="a new policy"),
    ],
)
def test_who_is_declared_anew_sees_the_policy_anew(watch: Watch, declared: Desired) -> None:
    """What stood there before may be nobody's answer to what is wanted now; a look that failed is no look."""
    watch.look()
    watch.put(OURS, ANYBODY)
    watch.simulator.control.faults.add("throttle", operation="GetBackupVaultAccessPolicy", times=1)
    failed = watch.look(declared).destinations[0][POLICY]
    seen = watch.look(declared)

    assert not isinstance(failed, Seen)
    assert sids(seen) == [sid_of(ROLE), "any"]
    assert watch.reads() == 2
    assert watch.costs(declared, looks=3) == [0, 0, 0]


def test_the_policy_of_a_vault_that_was_made_anew_is_that_of_another(watch: Watch) -> None:
    """The name is the same, and nothing stands there any more."""
    watch.look()
    watch.admin.delete_backup_vault(BackupVaultName="orders-copies")
    watch.simulator.control.advance(60)
    watch.make()

    assert watch.look().destinations[0][POLICY] == Seen(None)


def test_a_write_of_ours_is_seen_at_once(watch: Watch) -> None:
    """Whatever stands there afterwards."""
    look = watch.look().destinations[0][POLICY]
    assert isinstance(look, Seen)
    both = json.dumps({"Version": "2012-10-17", "Statement": [OURS, ANYBODY]})
    watch.look()
    watch.reads()
    result = watch.aws.apply(PutVaultPolicy("dr", WANTED.destinations[0].vault, look.value, both, sid_of(ROLE)))
    watch.reads()

    assert result.problem is None
    assert sids(watch.look()) == [sid_of(ROLE), "any"]
    assert watch.reads() == 1


def test_a_copy_waits_for_a_policy_that_was_seen_long_ago(watch: Watch) -> None:
    """A start depends on it: the next look of the same pass sees it anew, and then copies go."""
    watch.costs(looks=2)
    results = [watch.start() for _ in range(3)]

    assert [each.withheld for each in results] == [True, False, False]
    assert [each.problem for each in results] == [None] * 3
    assert watch.reads() == 1
    assert watch.costs(looks=2) == [0, 0]


def test_a_start_that_is_denied_has_the_policy_read(watch: Watch) -> None:
    """AWS says nothing of why, so everything it may depend on is looked at."""
    watch.look()
    watch.simulator.control.faults.add("error", operation="StartCopyJob", code="AccessDeniedException", status=403)
    denied = watch.start()
    watch.reads()

    assert denied.problem is not None
    assert denied.problem.reason is Reason.ACCESS_DENIED
    assert watch.costs(looks=2) == [1, 0]


def test_a_copy_job_that_was_denied_has_the_policy_read_in_the_same_look(watch: Watch) -> None:
    """Somebody else's job or ours: what it failed for is seen before anything is judged by what was known."""
    watch.look()
    watch.put(DENY)
    source = watch.simulator.client("backup", SOURCE_ID, "admin", region="eu-west-1")
    (point, *_) = source.list_recovery_points_by_backup_vault(BackupVaultName="orders")["RecoveryPoints"]
    source.start_copy_job(
        RecoveryPointArn=point["RecoveryPointArn"],
        SourceBackupVaultName="orders",
        DestinationBackupVaultArn=ARN,
        IamRoleArn=ROLE,
    )
    watch.simulator.control.advance(60)
    (job,) = source.list_copy_jobs()["CopyJobs"]
    seen = watch.look()

    assert job["State"] == "FAILED"
    assert sids(seen) == ["no"]
    watch.put(OURS)
    assert watch.costs(looks=3) == [1, 0, 0]


# --- What is remembered --------------------------------------------------------------------------------------------

NOW = now()
LATER = NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("happens", "doubted"),
    [
        pytest.param(lambda lasting: lasting.serve(ARN, LATER, old=True), False, id="nothing"),
        pytest.param(lambda lasting: lasting.refused(ARN, LATER), True, id="a request was denied"),
        pytest.param(lambda lasting: lasting.failed(ARN, (NOW, "b"), LATER), True, id="a later job was denied"),
        pytest.param(lambda lasting: lasting.failed(ARN, (NOW, "a"), LATER), False, id="the same job as before"),
        pytest.param(lambda lasting: lasting.failed("other", (NOW, "b"), LATER), False, id="one into another vault"),
        pytest.param(lambda lasting: lasting.is_too_old_to_act(ARN, LATER), True, id="a write wants to go"),
    ],
)
def test_what_makes_a_vault_doubtful(happens: Callable[[Lasting], object], doubted: bool) -> None:
    """Jobs are noticed once, by their end and id, whatever AWS's clock says."""
    lasting = Lasting()
    lasting.failed(ARN, (NOW, "a"), NOW)
    lasting.serve(ARN, NOW, old=True)
    happens(lasting)

    assert lasting.is_doubted_since(ARN, LATER) is doubted
    assert lasting.is_doubted_since(ARN, NOW)


def test_what_is_fresh_holds_no_write_up() -> None:
    """Until somebody is given something old again."""
    lasting = Lasting()
    found = []
    for old in (False, True, False):
        lasting.serve(ARN, NOW, old=old)
        found.append(lasting.is_too_old_to_act(ARN, NOW))

    assert found == [False, True, False]
    assert not lasting.is_doubted_since("other", NOW)


def test_vaults_that_nobody_looks_at_are_forgotten() -> None:
    """Their ARNs come and go with policies."""
    lasting = Lasting()
    for number in range(100):
        lasting.serve(f"{ARN}-{number}", NOW + number * FORGOTTEN, old=True)

    assert len(lasting._vaults) == 1
