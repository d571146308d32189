"""A case: a small world made from a public report, its manifests, and the engine, pass by pass on a clock tests move.

What a person would see of it is asked here: the document and the text of ``crossvault plan``, the status after a pass,
the jobs and the writes that AWS has seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import yaml
from tests.kit import sessions
from tests.kit.desks import account_of, desk_of
from tests.kit.judging import standings_of

from backup_simulator.calls import Call
from backup_simulator.transport import InProcess
from crossvault.aspects.copies.planned import Standing
from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings
from crossvault.cli import plans
from crossvault.engine.declared import PolicyKey
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.kind import Occasion
from crossvault.kinds.policy.reconcile import PolicyRequest, plan_policy
from crossvault.kinds.rejected import Rejected
from crossvault.local import Folder
from crossvault.status.outcome import Cadence, Outcome

Json = dict[str, Any]

WORLDS = Path(__file__).parents[1] / "cases" / "worlds"
HOME = "eu-west-1"
CLINIC, BUNKER, HUB = (number * 12 for number in "125")
OPERATOR_KEY = {"AWS_ACCESS_KEY_ID": "AKIAFIELDHUB55555555", "AWS_SECRET_ACCESS_KEY": "made-up-hub-secret"}
CADENCE = Cadence(timedelta(minutes=5), timedelta(seconds=30))


def world_of(name: str) -> Json:
    """Return the world of a case, with a clock that stands still until it is moved."""
    made = cast("Json", yaml.safe_load((WORLDS / name / "world.yaml").read_text("utf-8")))
    made["clock"] = {"start": "now", "frozen": True}
    return made


def account_in(world: Json, account_id: str) -> Json:
    """Return an account of a world, to be changed."""
    return next(cast("Json", each) for each in world["accounts"] if each["id"] == account_id)


def points_of(world: Json, account_id: str = CLINIC) -> list[Json]:
    """Return the recovery points in the first vault of an account of a world, to be changed."""
    return cast("list[Json]", account_in(world, account_id)["vaults"][0]["recovery_points"])


class Case:
    """One case, with an operator that has not looked yet."""

    def __init__(self, cloud: InProcess, name: str, *, world: Json | None = None) -> None:
        self.cloud, self.control = cloud, cloud.control
        self.folder_path = WORLDS / name
        self.folder = Folder.read(self.folder_path)
        self.accounts = {
            key.name: account_of(body) for key, body in self.folder.objects.items() if key.kind == ACCOUNT.name
        }
        self.control.clear_calls()
        self.control.faults.clear()
        self.control.clear_outcomes()
        self.control.load(world or world_of(name))
        created = self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        self.bodies: dict[PolicyKey, Json] = {
            key: {**body, "metadata": {**body["metadata"], "generation": 1, "creationTimestamp": created}, "status": {}}
            for key, body in self.folder.policies.items()
        }
        self.aws = self._new()

    def _new(self) -> AwsAccounts:
        new_session, _ = sessions.reaching(self.cloud)
        settings = AwsSettings(region=HOME, attempts=1, read_timeout=10.0)
        return AwsAccounts(settings, clock=self.clock, sleep=lambda _seconds: None, new_session=new_session)

    def clock(self) -> datetime:
        """Return virtual time."""
        return datetime.fromtimestamp(self.control.now(), UTC)

    def close(self) -> None:
        """Close connections and threads."""
        self.aws.close()

    # --- acting

    def advance(self, by: str | float) -> None:
        """Let virtual time pass; what a process remembers goes, because credentials live on the wall clock."""
        self.control.advance(by)
        self.aws.close()
        self.aws = self._new()

    def _request(self, key: PolicyKey) -> PolicyRequest:
        desk = desk_of(self.bodies, self.accounts, self.folder.labels)
        return desk[POLICY].request(POLICY.key(key), self.bodies[key], Occasion(self.clock()))

    def once(self) -> dict[str, Outcome]:
        """Do one pass over every policy a second later, as ``crossvault run --once``, and keep the statuses."""
        self.control.advance(1)
        outcomes: dict[str, Outcome] = {}
        for key in self.bodies:
            outcome = self._request(key).reconcile(self.aws, clock=self.clock, cadence=CADENCE)
            if outcome.status is not None:
                self.bodies[key]["status"] = outcome.status
            outcomes[key.name] = outcome
        return outcomes

    def passes(self, count: int, *, apart: float = 30) -> None:
        """Do so many passes over everything, some virtual seconds apart."""
        for _ in range(count):
            self.once()
            self.control.advance(apart)

    # --- what a person sees

    def plan(self) -> Json:
        """Return the document of ``crossvault plan -o json``."""
        self.control.advance(1)
        entries: list[Json] = []
        for key in sorted(self.bodies, key=str):
            planned = plan_policy(self._request(key), self.aws)
            entries.append(plans.rejected(key, planned) if isinstance(planned, Rejected) else plans.entry(*planned))
        return plans.document(entries, reads=0, writes=0)

    def plan_text(self) -> str:
        """Return what ``crossvault plan`` prints."""
        return plans.text(self.plan())

    def status(self, name: str = "records") -> Json:
        """Return the status of a policy."""
        return next(cast("Json", body["status"]) for key, body in self.bodies.items() if key.name == name)

    def condition(self, kind: str = "Ready", name: str = "records") -> tuple[str, str, str]:
        """Return status, reason and message of a condition."""
        found = next(each for each in self.status(name)["conditions"] if each["type"] == kind)
        return found["status"], found["reason"], found["message"]

    def row(self, prerequisite: str, name: str = "records") -> Json:
        """Return a row of the prerequisites."""
        return next(cast("Json", each) for each in self.status(name)["prerequisites"] if each["name"] == prerequisite)

    def numbers(self, name: str = "records") -> Json:
        """Return the figures of a policy's first destination."""
        return cast("Json", self.status(name)["destinations"][0])

    def standings(self, name: str = "records") -> dict[str, Standing]:
        """Return how every recovery point stands towards a policy's only destination, by the name of its resource."""
        self.control.advance(1)
        key = next(each for each in self.bodies if each.name == name)
        planned = plan_policy(self._request(key), self.aws)
        assert not isinstance(planned, Rejected)
        (found,) = standings_of(planned[2]).values()
        return {each.point.resource_arn.rsplit("/", 1)[-1]: each for each in found}

    # --- what AWS saw

    def jobs(self, account_id: str = CLINIC, region: str = HOME) -> Counter[tuple[str, str]]:
        """Count the copy jobs of an account by recovery point and destination vault."""
        jobs = self.cloud.state.accounts[account_id].regions[region].copy_jobs.values()
        return Counter((each.source_point_arn, each.destination_vault_arn) for each in jobs)

    def copies(self, name: str, account_id: str = BUNKER, region: str = HOME) -> Counter[tuple[str, float]]:
        """Count the recovery points of a vault by the backup that they are: resource and creation date."""
        points = self.control.vault(account_id, region, name).points.values()
        return Counter((each.resource_arn, each.created) for each in points)

    def writes(self, *operations: str) -> list[Call]:
        """Return the mutating calls to AWS Backup so far, all or those of some operations."""
        found = self.control.calls(mutating=True, service="backup")
        return [each for each in found if not operations or each.operation in operations]


def prerequisite_names(status: Mapping[str, Any], state: str) -> list[str]:
    """Return the names of the rows of a status that are Met, Unmet or Unknown."""
    return [each["name"] for each in status["prerequisites"] if each["status"] == state]
