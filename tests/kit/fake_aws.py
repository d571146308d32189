"""An AWS in memory, seen through the port of a pass: what it holds, what it refuses, and what it was asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.kit.builders import (
    KEY_ARN,
    NOW,
    account_sight,
    blind,
    copy_of,
    key,
    organization_sight,
    problem,
    role,
    sight,
)

from crossvault.aspects.copies.contents import POINTS
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import Jobs
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copies.seen import TRAFFIC, Asked, CopyJob, RecoveryPoint, Refusal, Traffic
from crossvault.aspects.copies.updates import UpdateLifecycle
from crossvault.aspects.copy_role import ROLE
from crossvault.aspects.organization.seen import DEPARTURES, SETTINGS, Settings
from crossvault.aspects.organization.switch import SetSwitch
from crossvault.aspects.vault import CreateVault, PutVaultLock
from crossvault.aspects.vault.seen import VAULT, Vault
from crossvault.aspects.vault_policy import PutVaultPolicy
from crossvault.engine.declared import Account, Desired, Destination
from crossvault.engine.looks import NO_PATIENCE, Patience, Seen
from crossvault.engine.observed import Observed, Sight
from crossvault.engine.parts import NONE, Parts
from crossvault.engine.plan import Action, Result
from crossvault.words.problems import Problem

Tamper = Callable[["FakeAws"], None]


class KilledError(Exception):
    """The process ended here."""


class FakeAws:
    """Vaults, policies, recovery points and copy jobs; jobs end on command.

    Attributes:
        log: Every mutating action that reached AWS, in order.
        refuse: Asked before every action; a problem it returns is AWS's answer.
        kill_before: The how-manieth mutating call the process dies at, before its effect.
        kill_after: The same, after its effect: the reply is lost with the process.
        lose_replies: Mutating calls whose effect happens while the pass sees a timeout.
        after: Done after every action, such as somebody else's interference.
        unseen: Destination vaults that nobody can look at.
        refused: The copies it would not start, by recovery point and vault.
        asked_for: The namespaces for which actions were carried out.
        organization: What the management account shows.
        departures: When accounts have left it.
    """

    def __init__(self, *points: RecoveryPoint) -> None:
        self.now = NOW
        self.points: list[RecoveryPoint] = list(points)
        self.vaults: dict[str, Vault] = {}
        self.policies: dict[str, str | None] = {}
        self.copies: dict[str, list[RecoveryPoint]] = {}
        self.jobs: list[CopyJob] = []
        self.tokens: dict[str, str] = {}
        self.log: list[Action] = []
        self.looks = 0
        self.refuse: Callable[[Action], Problem | None] = lambda _: None
        self.kill_before: int | None = None
        self.kill_after: int | None = None
        self.lose_replies: frozenset[int] = frozenset()
        self.after: Tamper = lambda _: None
        self.unseen: frozenset[str] = frozenset()
        self.refused: dict[tuple[str, str], Refusal] = {}
        self.asked_for: set[str] = set()
        self.organization = organization_sight()
        self.departures: dict[str, datetime] = {}

    # --- The port ---

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """Look at everything as it is now."""
        assert timedelta(0) <= patience.settings <= patience.settled
        assert not_before <= self.now
        self.looks += 1
        seen = (
            account_sight(desired.source.account)
            .having(VAULT, Seen(Vault(desired.source.arn, desired.source.name)))
            .having(ROLE, Seen(role()))
            .having(POINTS, Seen(Inventory(self.points)))
            .having(
                TRAFFIC,
                Traffic(sum(job.state == "RUNNING" for job in self.jobs), refused=dict(self.refused)),
            )
        )
        return Observed(self.now, seen, tuple(self._sight(each) for each in desired.destinations))

    def _sight(self, wanted: Destination) -> Sight:
        arn = wanted.vault.arn
        if arn in self.unseen:
            return blind(wanted)
        return sight(
            wanted,
            vault=Seen(self.vaults.get(arn)),
            policy=Seen(self.policies.get(arn)),
            vault_key=Seen(key() if arn in self.vaults else None),
            wanted_key=Seen(key()),
            copies=tuple(self.copies.get(arn, ())),
            jobs=Seen(Jobs(job for job in self.jobs if job.destination_vault_arn == arn)),
            copies_at=self.now,
        )

    def look_at_account(self, account: Account, *, not_before: datetime, around: Parts = NONE) -> Sight:  # noqa: ARG002
        """See an account in which everything is right."""
        assert not_before <= self.now
        return account_sight(account)

    def look_at_organization(self, account: Account, *, not_before: datetime, departures: bool = False) -> Sight:
        """See an organization in which everything is right, of which a test can make another one."""
        assert not_before <= self.now
        seen = replace(self.organization, account=account)
        return seen.having(DEPARTURES, Seen(self.departures)) if departures else seen

    def apply(self, action: Action, *, namespace: str = "") -> Result:
        """Carry out an action, unless it is refused or the process dies of it."""
        self.asked_for.add(namespace)
        number = len(self.log)
        if number == self.kill_before:
            raise KilledError
        refusal = self.refuse(action)
        if refusal is not None:
            if isinstance(action, StartCopy):
                asked = Asked.of(action.point, action.lifecycle, action.role_arn)
                self.refused[action.point.arn, action.destination_vault_arn] = Refusal(refusal, self.now, asked)
            return Result(action, refusal)
        self.log.append(action)
        self._do(action)
        self.after(self)
        if number == self.kill_after:
            raise KilledError
        return Result(action, problem("AWS did not answer in time.") if number in self.lose_replies else None)

    def _do(self, action: Action) -> None:
        match action:
            case CreateVault():
                arn = action.vault.arn
                self.vaults[arn] = Vault(arn, action.vault.name, encryption_key_arn=KEY_ARN)
            case PutVaultLock():
                least, most = action.bounds
                assert self.vaults[action.vault.arn].lock == action.expected
                self.vaults[action.vault.arn] = replace(
                    self.vaults[action.vault.arn], locked=True, min_retention_days=least, max_retention_days=most
                )
            case PutVaultPolicy():
                assert self.policies.get(action.vault.arn) == action.expected
                self.policies[action.vault.arn] = action.document
            case StartCopy():
                if action.token not in self.tokens:
                    self._start(action)
            case UpdateLifecycle():
                self._update(action)
            case SetSwitch():
                self.organization = self.organization.having(SETTINGS, Seen(Settings(action.on, self.now)))

    def _update(self, action: UpdateLifecycle) -> None:
        days, lying = action.verdict.target, self.copies[action.vault.arn]
        assert days is not None
        assert action.copy is not None
        ends = days.delete_after_days and action.copy.created + timedelta(days=days.delete_after_days)
        changed = replace(action.copy, delete_at=ends or None)
        self.copies[action.vault.arn] = [changed if each.arn == changed.arn else each for each in lying]

    def _start(self, action: StartCopy) -> None:
        point, job_id = action.point, f"copyjob-{len(self.jobs):04}"
        self.tokens[action.token] = job_id
        self.jobs.append(
            CopyJob(
                id=job_id,
                state="RUNNING",
                source_point_arn=point.arn,
                source_vault_arn=action.source.arn,
                destination_vault_arn=action.destination_vault_arn,
                resource_arn=point.resource_arn,
                resource_type=point.resource_type,
                created=self.now,
            )
        )

    # --- What happens in AWS by itself ---

    def pass_time(self, by: timedelta = timedelta(minutes=5)) -> None:
        """Let time go by."""
        self.now += by

    def finish_jobs(self) -> None:
        """Let every running copy job end well."""
        for index, job in enumerate(self.jobs):
            if job.state == "RUNNING":
                source = next(each for each in self.points if each.arn == job.source_point_arn)
                made = copy_of(source, arn=f"{job.destination_vault_arn}:{job.id}")
                self.copies.setdefault(job.destination_vault_arn, []).append(made)
                self.jobs[index] = replace(
                    job, state="COMPLETED", completed=self.now, destination_point_arn=made.arn, size=source.size
                )

    def fail_jobs(self, message: str) -> None:
        """Let every running copy job fail."""
        self.jobs = [
            replace(job, state="FAILED", completed=self.now, message=message) if job.state == "RUNNING" else job
            for job in self.jobs
        ]

    def copied(self, vault_arn: str) -> list[str]:
        """Return the source recovery points of all copies in a vault, doubles included."""
        return sorted(
            job.source_point_arn
            for job in self.jobs
            if job.state == "COMPLETED" and job.destination_vault_arn == vault_arn
        )
