"""AWS's own limits: a long backlog is copied without one job that AWS holds back or refuses, and in turns."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from tests.kit import stage as scene
from tests.kit.desks import desk_of
from tests.kit.stage import AWAY, BACKUP, HOME, PRODUCTION, Json, Stage

from backup_simulator.records.state import CopyJob
from crossvault.engine.declared import PolicyKey
from crossvault.kinds import POLICY
from crossvault.kinds.kind import Occasion
from crossvault.work.board import Board

MOST = {"EBS": 20, "RDS": 20, "FSx": 5}


def points(kind: str, count: int, ages: tuple[str, ...] = ("1d",)) -> list[Json]:
    """Return recovery points of so many resources."""
    key = {} if kind == "S3" else {"key": "alias/orders-storage"}
    return [
        {"resource_type": kind, "resource": f"{kind.lower()}-{number:03}", "age": age, **key}
        for number in range(count)
        for age in ages
    ]


class Town:
    """Policies of one namespace over one vault, whose passes come in turn, as in any host."""

    def __init__(self, stage: Stage, *made: Json, most: int = 200) -> None:
        self.stage, self.board = stage, Board()
        world = scene.world(*made, limits={"beyond_resource": "fail"})
        world["durations"] = {"created": "1s", "running": "55s", "toggle_off": "15m"}
        stage.begin(world)
        stage.declared["production"]["spec"]["limits"] |= {"maxConcurrentCopies": most}
        self.bodies: dict[PolicyKey, Json] = {}

    def declare(self, name: str, *prefixes: str, **spec: Any) -> PolicyKey:
        """Declare a policy over everything, or over resources whose names begin so, into a vault of its own."""
        body = copy.deepcopy(self.stage.body) | {"status": {}}
        body["metadata"] |= {"name": name}
        body["spec"] |= {"copying": {"maxConcurrent": 100}, "recoveryPoints": {"resources": list(prefixes)}} | spec
        body["spec"]["destinations"][0]["vault"]["name"] = f"{name}-copies"
        self.bodies[PolicyKey("orders", name)] = body
        return PolicyKey("orders", name)

    def look(self, key: PolicyKey) -> None:
        """Do one pass over a policy."""
        body, clock = self.bodies[key], self.stage.clock
        desk = desk_of(self.bodies, self.stage.request().accounts)
        occasion = Occasion(clock(), waiting=self.board.waiting(POLICY.name, key))
        outcome = (
            desk[POLICY]
            .request(POLICY.key(key), body, occasion)
            .reconcile(self.stage.aws, clock=clock, cadence=scene.CADENCE)
        )
        body["status"] = outcome.status or {}
        if outcome.report is not None:
            self.board.put(outcome.report)

    def row(self, key: PolicyKey) -> Json:
        """Return the figures of a policy."""
        return scene.numbers(self.bodies[key])

    def jobs(self, vault: str = "") -> list[CopyJob]:
        """Return the copy jobs of the account, all or those into a vault."""
        found = self.stage.cloud.state.accounts[PRODUCTION].regions[HOME].copy_jobs.values()
        return [each for each in found if each.destination_vault_arn.endswith(vault)]

    def copied_by_somebody(self, vault: str, **kinds: int) -> list[str]:
        """Have somebody else copy the first recovery points of some kinds, and return their jobs."""
        listed = list(self.stage.cloud.state.accounts[PRODUCTION].regions[HOME].vaults["orders"].points.values())
        client = self.stage.admin(PRODUCTION, HOME)
        return [
            client.start_copy_job(
                RecoveryPointArn=each.arn,
                SourceBackupVaultName="orders",
                DestinationBackupVaultArn=f"arn:aws:backup:{AWAY}:{BACKUP}:backup-vault:{vault}",
                IamRoleArn=scene.COPY_ROLE,
            )["CopyJobId"]
            for kind, count in kinds.items()
            for each in [one for one in listed if one.resource_type == kind][:count]
        ]

    def under_way(self) -> list[CopyJob]:
        """Return those that have not ended."""
        return [each for each in self.jobs() if each.completed is None]


def test_a_backlog_is_copied_without_a_job_that_aws_would_hold_back_or_refuse(stage: Stage) -> None:
    """Volumes, databases with two backups each, file systems, of which somebody else copies some, and buckets."""
    town = Town(stage, *points("EBS", 45), *points("RDS", 22, ("1d", "2d")), *points("FSx", 9), *points("S3", 10))
    town.look(town.declare("first", "arn:aws:s3:::s3-000"))
    theirs = town.copied_by_somebody("first-copies", FSx=3, EBS=1)
    stage.control.advance(2)
    assert [each.state for each in town.under_way()] == ["RUNNING"] * (1 + len(theirs))
    key = town.declare("all")
    most: Counter[str] = Counter()
    for _ in range(24):
        town.look(key)
        stage.control.advance(2)
        running = town.under_way()
        kinds = Counter(each.resource_type for each in running)
        most |= kinds
        assert {each.state for each in running} <= {"RUNNING"}
        assert all(kinds[kind] <= limit for kind, limit in MOST.items())
        assert max(Counter(each.resource_arn for each in running).values(), default=1) == 1
        if town.row(key).get("copied") == 45 + 44 + 9 + 10:
            break
        stage.control.advance(28)

    assert scene.condition(town.bodies[key]) == ("True", "Protected")
    assert {kind: most[kind] for kind in MOST} == MOST
    assert {each.state for each in town.jobs("all-copies")} == {"COMPLETED"}
    assert len(town.jobs("all-copies")) == 45 + 44 + 9 + 10
    asked = stage.writes("StartCopyJob")
    assert len(asked) == len(town.jobs()) == 45 + 44 + 9 + 10 + 1 + len(theirs)


def test_a_small_policy_has_its_turn_beside_a_big_one_of_its_namespace(stage: Stage) -> None:
    """The big one has every place and looks first; the small one has one of the first that become free."""
    town = Town(stage, *points("S3", 64), *points("EFS", 3), most=8)
    systems = [f"arn:aws:elasticfilesystem:{HOME}:{PRODUCTION}:file-system/efs-{number:03}" for number in range(3)]
    big = town.declare("big")
    town.bodies[big]["spec"]["recoveryPoints"] = {"resourceTypes": ["S3"]}
    town.look(big)
    small = town.declare("small", *systems)
    town.look(small)
    assert (town.row(big)["inProgress"], town.row(small)["inProgress"], town.row(small)["waiting"]) == (8, 0, 3)

    stage.control.advance(60)
    for key in (big, small):
        town.look(key)
    assert town.row(small)["inProgress"] >= 1
    for _ in range(5):
        stage.control.advance(60)
        for key in (big, small):
            town.look(key)

    assert town.row(small)["copied"] == 3
    assert town.row(big)["waiting"] > 0
    assert len(town.under_way()) == 8
