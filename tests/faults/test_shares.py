"""A namespace that means to take all copies of a shared account leaves the others theirs."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from typing import Any

import pytest
from tests.kit import stage as scene
from tests.kit.desks import desk_of
from tests.kit.stage import Json, Stage

from crossvault.aspects.copies.planned import StartCopy
from crossvault.aspects.effects import AwsAccounts
from crossvault.engine.declared import Account, Desired, PolicyKey
from crossvault.engine.looks import NO_PATIENCE, Patience
from crossvault.engine.observed import Observed, Sight
from crossvault.engine.parts import NONE, Parts
from crossvault.engine.plan import Action, Result
from crossvault.kinds import POLICY

MOST, RESERVE = 20, 1
POINTS = [
    {"resource_type": "EBS", "resource": f"vol-{number:02}", "key": "alias/orders-storage", "age": "1d"}
    for number in range(60)
]


class Tenants:
    """Policies of two namespaces, orders and greedy, in accounts that both may use."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        made = scene.world(*POINTS)
        made["durations"] = {"created": "1s", "running": "48h", "toggle_off": "15m"}
        stage.begin(made)
        for each in stage.declared.values():
            each["spec"]["allowedNamespaces"] = {"names": ["orders", "greedy"]}
            each["spec"]["limits"] = {
                "readsPerSecond": 1000,
                "startsPerSecond": 100,
                "maxConcurrentCopies": MOST,
            }
        self.bodies: dict[PolicyKey, Json] = {}
        self.victim = self._add(stage.body)

    def _add(self, body: Json) -> PolicyKey:
        key = PolicyKey(body["metadata"]["namespace"], body["metadata"]["name"])
        self.bodies[key] = body
        return key

    def declare(self, name: str, **spec: Any) -> PolicyKey:
        """Have the greedy namespace declare one more policy, into a vault of its own."""
        body = copy.deepcopy(self.stage.body) | {"status": {}}
        body["metadata"] |= {"namespace": "greedy", "name": name}
        body["spec"] |= {"copying": {"maxConcurrent": 100}} | spec
        body["spec"]["destinations"][0]["vault"]["name"] = f"{name}-copies"
        return self._add(body)

    def look(self, key: PolicyKey, aws: Any = None) -> int:
        """Do one pass over a policy, and return how many copies it started."""
        body, accounts = self.bodies[key], self.stage.request().accounts
        desk = desk_of(self.bodies, accounts)
        request = self.stage.request(body=body, sharing=desk[POLICY].sharing_of(key))
        outcome = request.reconcile(aws or self.stage.aws, clock=self.stage.clock, cadence=scene.CADENCE)
        if outcome.status is not None:
            body["status"] = outcome.status
        return len(scene.started(outcome))

    def go_on(self, key: PolicyKey) -> int:
        """Do some passes over a policy, and return how many copies they started."""
        begun = 0
        for _ in range(4):
            self.stage.control.advance(1)
            begun += self.look(key)
        return begun

    def by_vault(self) -> Counter[str]:
        """Count the copies under way by the name of their vault."""
        return Counter(vault.rsplit(":", 1)[-1] for _, vault in self.stage.jobs().elements())


class Together:
    """An AWS of passes into several vaults, that have all planned before one of them starts its first copy."""

    def __init__(self, aws: AwsAccounts, passes: int) -> None:
        self._aws, self._planned = aws, Barrier(passes, timeout=30)
        self._begun: set[str] = set()

    def observe(self, desired: Desired, *, not_before: datetime, patience: Patience = NO_PATIENCE) -> Observed:
        """Look."""
        return self._aws.observe(desired, not_before=not_before, patience=patience)

    def look_at_account(self, account: Account, *, not_before: datetime, around: Parts = NONE) -> Sight:
        """Look at an account."""
        return self._aws.look_at_account(account, not_before=not_before, around=around)

    def look_at_organization(self, account: Account, *, not_before: datetime, departures: bool = False) -> Sight:
        """Look at an organization."""
        return self._aws.look_at_organization(account, not_before=not_before, departures=departures)

    def apply(self, action: Action, *, namespace: str = "") -> Result:
        """Act, and start nothing before everybody is about to."""
        if isinstance(action, StartCopy) and action.destination_vault_arn not in self._begun:
            self._begun.add(action.destination_vault_arn)
            self._planned.wait()
        return self._aws.apply(action, namespace=namespace)


@pytest.fixture
def tenants(stage: Stage) -> Tenants:
    """Two namespaces before their first pass."""
    return Tenants(stage)


def volumes(numbers: range) -> Mapping[str, Any]:
    """Return the selection of some volumes."""
    prefix = f"arn:aws:ec2:{scene.HOME}:{scene.PRODUCTION}:volume/"
    return {"resources": [f"{prefix}vol-{number:02}" for number in numbers]}


def test_policies_whose_passes_run_at_once_have_one_share_together(tenants: Tenants) -> None:
    """Four plan with nothing under way; what is free but for the reserve is theirs once, and the rest the victim's."""
    keys = [
        tenants.declare(f"greedy-{number}", recoveryPoints=volumes(range(15 * number, 15 * number + 15)))
        for number in range(4)
    ]
    tenants.stage.control.advance(1)
    together = Together(tenants.stage.aws, len(keys))
    with ThreadPoolExecutor(len(keys)) as pool:
        begun = sum(pool.map(lambda key: tenants.look(key, together), keys))

    assert (begun, tenants.stage.jobs().total()) == (MOST - RESERVE, MOST - RESERVE)
    assert tenants.go_on(tenants.victim) == RESERVE


@pytest.mark.parametrize("trick", ["suspend", "observe", "delete", "another vault"])
def test_copies_stay_those_of_the_namespace_whatever_becomes_of_their_policy(tenants: Tenants, trick: str) -> None:
    """A policy that has its copies under way is put out of the way, and the next one begins: it finds no more."""
    for number in range(3):
        key = tenants.declare(f"greedy-{number}")
        tenants.go_on(key)
        match trick:
            case "suspend":
                tenants.bodies[key]["spec"]["suspend"] = True
            case "observe":
                tenants.bodies[key]["spec"]["mode"] = "Observe"
            case "delete":
                del tenants.bodies[key]
            case _:
                tenants.bodies[key]["spec"]["destinations"][0]["vault"]["name"] = f"moved-{number}"

    assert tenants.by_vault() == {"greedy-0-copies": MOST - RESERVE}
    assert tenants.go_on(tenants.victim) == RESERVE


def test_after_a_restart_the_vaults_of_a_suspended_policy_tell_whose_its_copies_are(tenants: Tenants) -> None:
    """The process has forgotten for whom it started them; the policy is still there."""
    key = tenants.declare("greedy-0")
    tenants.go_on(key)
    tenants.bodies[key]["spec"]["suspend"] = True
    tenants.stage.restart()
    tenants.go_on(key)
    again = tenants.go_on(tenants.declare("greedy-1"))

    assert again == 0
    assert tenants.go_on(tenants.victim) == RESERVE


def test_copies_between_the_same_vaults_are_those_of_who_started_them(tenants: Tenants) -> None:
    """One that the victim declares, too, does not use up the share of the victim."""
    greedy = tenants.declare("greedy-0", recoveryPoints=volumes(range(30)))
    tenants.bodies[greedy]["spec"]["destinations"] = copy.deepcopy(tenants.stage.body["spec"]["destinations"])
    begun = tenants.go_on(greedy)
    tenants.bodies[tenants.victim]["spec"]["recoveryPoints"] = volumes(range(30, 60))

    assert begun == MOST - RESERVE
    assert tenants.go_on(tenants.victim) == RESERVE
