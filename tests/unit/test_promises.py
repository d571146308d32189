"""The plan promises exactly what the next pass does, in whatever state AWS is."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.kit import recorded
from tests.kit.builders import (
    NOW,
    OUR_POLICY,
    ROLE,
    SOURCE_ID,
    TARGET_ID,
    account_body,
    copy_of,
    destination_body,
    job_for,
    key,
    point,
    policy_body,
    problem,
    stuck,
    target_vault,
)
from tests.kit.fake_aws import FakeAws

from crossvault.aspects.copies.contents import POINTS
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.copies.seen import RecoveryPoint
from crossvault.aspects.identity import IDENTITY
from crossvault.aspects.organization import SWITCH
from crossvault.aspects.vault.seen import KEYS, VAULT, Key, Vault
from crossvault.cli import plans
from crossvault.engine.declared import Desired
from crossvault.engine.looks import NO_PATIENCE, Look, Patience, Seen, Unseen
from crossvault.engine.observed import Observed, Sight
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.reconcile import PolicyRequest, plan_policy
from crossvault.kinds.rejected import Rejected
from crossvault.status.outcome import Cadence

DENY = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"out","Effect":"Deny","Principal":"*",'
    '"Action":"backup:CopyIntoBackupVault","Resource":"*"}]}'
)
FOREIGN = (
    '{"Version":"2012-10-17","Statement":[{"Sid":"theirs","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::333333333333'
    ':root"},"Action":"backup:CopyIntoBackupVault","Resource":"*"}]}'
)
KEY_LOOKS: tuple[Look[Key | None], ...] = (
    Seen(None),
    Seen(key(state="Disabled")),
    Seen(key("AWS")),
    Unseen(problem()),
)
TEXTS = (
    *map(
        recorded.said,
        ("internal-error", "user-snapshots", "service-not-authorized", "no-recovery-point", "organization"),
    ),
    "Something new under the sun",
)


@dataclass
class Trouble:
    """What is wrong with the prerequisites of a world."""

    sourceless: bool = False
    toggle: Look[bool] = field(default_factory=lambda: Seen(value=True))
    source_identity: Look[str] | None = None
    keys: dict[str, Look[Key | None]] = field(default_factory=dict)
    identities: dict[str, Look[str]] = field(default_factory=dict)


class TroubledAws(FakeAws):
    """An AWS in memory in which prerequisites are unmet or cannot be seen."""

    def __init__(self, trouble: Trouble, *points: RecoveryPoint) -> None:
        super().__init__(*points)
        self.trouble = trouble

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """Look at everything as it is now, troubles included."""
        seen, trouble = super().observe(desired, not_before=not_before, patience=patience), self.trouble
        source = seen.source.having(SWITCH, trouble.toggle)
        if trouble.source_identity is not None:
            source = source.having(IDENTITY, trouble.source_identity)
        if trouble.sourceless:
            source = source.having(VAULT, Seen(None)).having(POINTS, Seen(Inventory()))
        return replace(
            seen,
            source=source,
            destinations=tuple(map(self._troubled, seen.destinations)),
        )

    def _troubled(self, sight: Sight) -> Sight:
        if sight.name in self.trouble.identities:
            sight = sight.having(IDENTITY, self.trouble.identities[sight.name])
        wanted = self.trouble.keys.get(sight.name, sight[KEYS].wanted)
        return sight.having(KEYS, replace(sight[KEYS], wanted=wanted))


@dataclass(frozen=True)
class World:
    """A generated world with the policy over it."""

    aws: TroubledAws
    body: dict[str, Any]
    limits: dict[str, float]

    def clock(self) -> datetime:
        """Return the time of this world."""
        return self.aws.now

    def request(self) -> PolicyRequest:
        """Return what a pass is given."""
        bodies = (account_body(limits=self.limits), account_body("dr", TARGET_ID))
        parsed = [parse_account(each) for each in bodies]
        accounts = {each.account.name: each for each in parsed if isinstance(each, AccountDeclaration)}
        assert len(accounts) == 2
        return PolicyRequest(self.body, accounts, {}, not_before=self.aws.now)


def generate(seed: int) -> World:
    """Make a world: vaults, policies, keys, recovery points, copies and jobs in all states, budgets, and troubles."""
    rng = random.Random(seed)  # noqa: S311 - worlds, not secrets
    names = [f"d{number}" for number in range(rng.randint(1, 3))]
    resources = [f"arn:aws:rds:eu-west-1:{SOURCE_ID}:db:{letter}" for letter in "abcd"]
    points = [
        point(
            number + 1,
            resource=rng.choice(resources),
            status=rng.choice(["COMPLETED"] * 6 + ["EXPIRED", "STOPPED"]),
            size=rng.randrange(1, 10**12),
        )
        for number in range(rng.randint(0, 9))
    ]
    aws = TroubledAws(_trouble(rng, names), *points)
    for name in names:
        _fill(rng, aws, name, points)
    spec: dict[str, Any] = {
        "copying": {
            "maxConcurrent": rng.randint(1, 6),
            "retry": {"maxAttempts": rng.randint(1, 4), "backoff": rng.choice(["1m", "15m", "3h"])},
        }
    }
    if rng.random() < 0.2:
        spec |= rng.choice([{"mode": "Observe"}, {"suspend": True}])
    destinations = [_destination(rng, name) for name in names]
    limits = {"startsPerSecond": rng.choice([0.1, 0.3, 5]), "maxConcurrentCopies": rng.choice([2, 80])}
    return World(aws, policy_body(destinations=destinations, **spec), limits)


def _trouble(rng: random.Random, names: list[str]) -> Trouble:
    trouble = Trouble(sourceless=rng.random() < 0.1)
    if rng.random() < 0.15:
        toggles: list[Look[bool]] = [Seen(value=False), Unseen(problem())]
        trouble.toggle = rng.choice(toggles)
    if rng.random() < 0.1:
        trouble.source_identity = rng.choice([Unseen(problem()), Unseen(stuck())])
    for name in names:
        if rng.random() < 0.2:
            trouble.keys[name] = rng.choice(KEY_LOOKS)
        if rng.random() < 0.1:
            trouble.identities[name] = rng.choice([Unseen(problem()), Unseen(stuck())])
    return trouble


def _destination(rng: random.Random, name: str) -> dict[str, Any]:
    declared = destination_body(name, vault_name=f"vault-{name}", vaultPolicy=rng.choice(["Manage"] * 3 + ["Check"]))
    if rng.random() < 0.25:
        declared["vault"] = {"name": f"vault-{name}"}
    return declared


def _fill(rng: random.Random, aws: TroubledAws, name: str, points: list[RecoveryPoint]) -> None:
    """Make a destination vault with what lies in it, or leave it to be made."""
    vault = target_vault(f"vault-{name}")
    if rng.random() < 0.35:
        return
    aws.vaults[vault.arn] = Vault(vault.arn, vault.name, encryption_key_arn=key().arn)
    aws.policies[vault.arn] = rng.choice([None, OUR_POLICY, OUR_POLICY, DENY, FOREIGN])
    if rng.random() < 0.05:
        aws.unseen |= {vault.arn}
    for number, each in enumerate(points):
        for attempt in range(rng.choice([0, 0, 1, 1, 2, 5])):
            ended = NOW - timedelta(minutes=rng.choice([1, 20, 90, 600, 5000]) + attempt)
            made = copy_of(each, arn=f"{each.arn}-copy-{name}")
            state = rng.choice(["FAILED", "FAILED", "FAILED", "COMPLETED", "RUNNING", "PARTIAL"])
            aws.jobs.append(
                job_for(
                    each,
                    state=state,
                    job_id=f"{name}-{number}-{attempt}",
                    created=ended - timedelta(minutes=30),
                    completed=None if state == "RUNNING" else ended,
                    message=rng.choice(TEXTS) if state == "FAILED" else None,
                    to=made if state == "COMPLETED" else None,
                    vault=vault.arn,
                )
            )
            if state == "COMPLETED" and rng.random() < 0.7:
                aws.copies.setdefault(vault.arn, [])
                aws.copies[vault.arn] = [one for one in aws.copies[vault.arn] if one.arn != made.arn] + [made]


@pytest.mark.parametrize("block", range(10))
def test_the_plan_promises_what_the_next_pass_does(block: int) -> None:
    """Action by action and copy by copy, over prerequisites, failures, back-offs, budgets and destinations."""
    promised = 0
    for seed in range(block * 40, block * 40 + 40):
        world = generate(seed)
        planned = plan_policy(world.request(), world.aws)
        assert not isinstance(planned, Rejected)
        assert world.aws.log == []
        (entry,) = plans.document([plans.entry(*planned)], reads=0, writes=0)["policies"]
        world.request().reconcile(world.aws, clock=world.clock, cadence=Cadence())

        assert entry["acts"] is not ("mode" in world.body["spec"] or "suspend" in world.body["spec"])
        if not entry["acts"]:
            assert world.aws.log == []
            continue
        assert world.aws.log == list(planned[2].actions), f"seed {seed}"
        for each in entry["destinations"]:
            done = [action for action in world.aws.log if action.destination == each["name"]]
            copies = [action.point.arn for action in done if isinstance(action, StartCopy)]
            assert each["copies"]["recoveryPoints"] == copies
            assert each["toAdd"] + each["toChange"] == len(done) - len(copies)
        promised += len(world.aws.log)
    assert promised > 10


def test_every_uncopied_point_is_accounted_for() -> None:
    """What starts, follows, waits, is held or stuck, and what has its copy, a job or no claim to one, add up."""
    for seed in range(120):
        world = generate(seed)
        planned = plan_policy(world.request(), world.aws)
        assert not isinstance(planned, Rejected)
        for each in plans.entry(*planned)["destinations"]:
            copies, states = each["copies"], each["states"]
            open_points = sum(states.get(state, 0) for state in ("missing", "waiting", "failed"))
            assert sum(copies[kind] for kind in ("count", "follow", "wait", "held", "stuck")) == open_points
            assert ("nextAttempt" in copies) is (copies["wait"] > 0)


def test_a_deny_beside_a_missing_statement_promises_no_copy() -> None:
    """The statement is added, and still nobody gets in: the plan says so."""
    aws = TroubledAws(Trouble(), *(point(number, resource=f"arn:db:{number}") for number in range(1, 5)))
    vault = target_vault("orders-copies")
    aws.vaults[vault.arn] = Vault(vault.arn, vault.name, encryption_key_arn=key().arn)
    aws.policies[vault.arn] = DENY
    world = World(aws, policy_body(), {})
    planned = plan_policy(world.request(), aws)
    assert not isinstance(planned, Rejected)
    summary = plans.document([plans.entry(*planned)], reads=0, writes=0)["summary"]

    assert (summary["copies"], summary["copiesHeld"], summary["unmet"]) == (0, 4, 1)
    assert ROLE in plans.text(plans.document([plans.entry(*planned)], reads=0, writes=0))
