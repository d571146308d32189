"""A host is a page of code: the desk, the queue and a clock of one's own, in one thread and in virtual time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from tests.kit.builders import NOW, policy_body
from tests.kit.desks import desk_of
from tests.kit.fake_aws import FakeAws
from tests.kit.passes import accounts, readiness, small_world

from crossvault.engine.declared import PolicyKey
from crossvault.kinds import ACCOUNT, POLICY
from crossvault.kinds.account.parse import AccountDeclaration
from crossvault.kinds.kind import ObjectKey, Occasion
from crossvault.status.outcome import Cadence
from crossvault.work.agenda import After, Agenda, Done, Next, Pace, Retry
from crossvault.work.shares import Shares


class Host:
    """Keeps policies as declared, in virtual time."""

    def __init__(self, aws: FakeAws, policies: Mapping[PolicyKey, dict[str, Any]]) -> None:
        self.aws, self.bodies, self.looks = aws, dict(policies), 0
        self._desk = desk_of(self.bodies, accounts())
        needs, tenant = (lambda key: self._desk.accounts_of(POLICY.key(key))), (lambda key: key.namespace)
        shares: Shares[PolicyKey] = Shares(needs, 10, tenant_of=tenant)
        self._agenda: Agenda[PolicyKey] = Agenda(pace=Pace(spread=0.0), shares=shares)
        for key in self.bodies:
            self._agenda.add(key, self._now())

    def put_account(self, name: str, declared: AccountDeclaration | None) -> None:
        """Take in what somebody declares of an account."""
        self._desk[ACCOUNT].declare(name, declared)
        for key in self._desk.concerned(ObjectKey(ACCOUNT.name, "", name)):
            self._agenda.add(key.policy, self._now())

    def run(self, until: datetime) -> None:
        """Let time go by from look to look."""
        while self.aws.now < until:
            key = self._agenda.take(self._now())
            if key is not None:
                self._agenda.finish(key, self._look(key), self._now())
                continue
            due = self._agenda.next_due()
            wait = until - self.aws.now if due is None else NOW + timedelta(seconds=due) - self.aws.now
            self.aws.pass_time(max(wait, timedelta(seconds=1)))
            self.aws.finish_jobs()

    def _look(self, key: PolicyKey) -> Next:
        self.looks += 1
        while self._desk.settle():
            pass
        request = self._desk.request(POLICY.key(key), self.bodies[key], Occasion(self.aws.now))
        outcome = request.reconcile(self.aws, clock=lambda: self.aws.now, cadence=Cadence(), stopping=lambda: False)
        self.bodies[key]["status"] = outcome.status or {}
        if outcome.failed:
            return Retry()
        return Done() if outcome.requeue is None else After(outcome.requeue)

    def _now(self) -> float:
        return (self.aws.now - NOW).total_seconds()


def hosted(names: str = "ab") -> Host:
    """Return a host with a policy for each letter, each with a vault of its own."""
    bodies = {PolicyKey("shop", name): policy_body(name=name) for name in names}
    for key, body in bodies.items():
        body["spec"]["destinations"][0]["vault"]["name"] = f"copies-{key.name}"
    return Host(small_world(), bodies)


def test_policies_become_protected_in_virtual_time() -> None:
    """From nothing to a copy of everything in two vaults, and then a look per interval."""
    host = hosted()
    host.run(NOW + timedelta(hours=1))
    before = host.looks
    host.run(NOW + timedelta(hours=2))

    assert [readiness(body) for body in host.bodies.values()] == [("True", "Protected")] * 2
    assert all(len(there) == 4 for there in host.aws.copies.values())
    assert host.looks - before == 2 * 12


def test_an_account_that_goes_is_told_and_one_that_comes_back_helps() -> None:
    """Whoever refers to it is looked at at once."""
    host = hosted("a")
    host.run(NOW + timedelta(hours=1))
    declared = accounts()["dr"]
    told = []
    for each in (None, declared):
        host.put_account("dr", each)
        host.run(host.aws.now + timedelta(minutes=1))
        told.append(readiness(host.bodies[PolicyKey("shop", "a")]))

    assert told == [("False", "AccountNotFound"), ("True", "Protected")]
