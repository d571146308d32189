"""The host: desk, agenda and engine as everywhere, one thread, and a clock that moves from one thing to the next."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.kit.stage import HOME

from crossvault.aspects.effects import AwsAccounts
from crossvault.aws import AwsSettings, events
from crossvault.aws.threads import NoThreads
from crossvault.kinds import ACCOUNT, KINDS, POLICY
from crossvault.kinds.kind import ObjectKey, Occasion, Request
from crossvault.status.outcome import Cadence, Outcome
from crossvault.work.agenda import After, Agenda, Done, Lane, Next, Pace, Retry
from crossvault.work.board import Board
from crossvault.work.desk import Desk
from crossvault.work.freshness import Freshness
from crossvault.work.hearing import Hearing, found_any
from crossvault.work.shares import Shares
from crossvault.work.vitals import Vitals

from .cloud import Cloud
from .steps import Passing
from .troubles import Killed
from .wire import clients, new_clients, new_session
from .world import START, Declared, Json, Removed, World, edited

CADENCE = Cadence(timedelta(minutes=40), timedelta(minutes=9))
PACE = Pace(first=timedelta(minutes=6), longest=timedelta(minutes=20))
SETTINGS = AwsSettings(region=HOME, attempts=1)
AT_ONCE = 3
"""So many passes may be taken up together; which of them comes first is a matter of chance."""

_OPEN = ("inProgress", "waiting", "missing", "failed")

Began = Callable[[Passing], None]
Passed = Callable[[Passing, Json, Json, Outcome], None]


class _Process:
    """All that one life of the operator remembers."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime], dice: random.Random) -> None:
        self.aws = AwsAccounts(
            SETTINGS,
            clock=clock,
            monotonic=lambda: cloud.now,
            sleep=cloud.wait,
            new_session=new_session,
            new_clients=new_clients(cloud.answer, clock),
            new_threads=lambda _name: NoThreads(),
        )
        self.desk, self.board, self.freshness = Desk(), Board(), Freshness(CADENCE)
        shares: Shares[ObjectKey] = Shares(self.desk.accounts_of, 10, tenant_of=lambda key: key.namespace)
        self.agenda: Agenda[ObjectKey] = Agenda(pace=PACE, shares=shares, uniform=dice.uniform)
        self.hearing = Hearing(self.desk, Vitals(), longest=CADENCE.interval, clock=clock)

    def next_due(self) -> float | None:
        """Return when there is something to do next."""
        found = [each for each in (self.agenda.next_due(), self.hearing.next_due()) if each is not None]
        return min(found, default=None)


class Host:
    """Keeps what a world declares. ``passing`` hears of every pass that begins, ``passed`` of the status of each."""

    def __init__(self, world: World, cloud: Cloud, dice: random.Random, tell: Callable[[str], None]) -> None:
        self.bodies: dict[ObjectKey, dict[str, Any]] = {
            POLICY.key(key): copy.deepcopy(body) for key, body in world.policies.items()
        }
        self._accounts = {ObjectKey(ACCOUNT.name, "", each["metadata"]["name"]): each for each in world.accounts}
        self._cloud, self._dice, self._tell = cloud, dice, tell
        self.ahead = 0.0
        self.passes = self.lives = 0
        self.passing: Began = lambda _passing: None
        self.passed: Passed = lambda _passing, _before, _after, _outcome: None
        self._wait = timedelta(seconds=world.wait)
        self._refused = {POLICY.key(each) for each in world.refused}
        self._removed: dict[ObjectKey, Removed] = {}
        self._begin()

    def clock(self) -> datetime:
        """Return the time as the operator knows it."""
        return START + timedelta(seconds=self._cloud.now + self.ahead)

    def _begin(self) -> None:
        self.lives += 1
        self._cloud.life = self.lives
        self._process = _Process(self._cloud, self.clock, self._dice)
        for key, body in self._accounts.items():
            self._process.desk.put(key, body)
        keys = list(self.bodies)
        self._dice.shuffle(keys)
        for key in keys:
            self._put(key)

    def _put(self, key: ObjectKey) -> None:
        process = self._process
        process.freshness.demand(key, self.clock())
        for each in (key, *process.desk.put(key, self.bodies[key])):
            process.agenda.add(each, self._cloud.now)

    def declare(self, what: Declared) -> None:
        """Let somebody edit a policy, if it is there yet."""
        key = POLICY.key(what.policy)
        if key not in self.bodies:
            return
        body = copy.deepcopy(self.bodies[key])
        body["spec"] = edited(body["spec"], what.spec)
        body["metadata"]["generation"] += 1
        self.bodies[key] = body
        self._put(key)

    def remove(self, what: Removed) -> None:
        """Let somebody delete a policy, by name or with its namespace."""
        key = POLICY.key(what.policy)
        if key not in self.bodies or key in self._removed:
            return
        body = copy.deepcopy(self.bodies[key])
        body["metadata"]["deletionTimestamp"] = f"{START + timedelta(seconds=self._cloud.now):%Y-%m-%dT%H:%M:%SZ}"
        body["metadata"]["generation"] += 1
        self.bodies[key], self._removed[key] = body, what
        self._put(key)

    def hear(self, body: str) -> None:
        """Let a message come."""
        self._process.hearing.hear([events.read(body)], self._cloud.now)

    def wake(self) -> None:
        """Look at everything now, as after an event that may mean anything."""
        for key in self.bodies:
            self._process.freshness.demand(key, self.clock())
            self._process.agenda.add(key, self._cloud.now)

    def is_content(self) -> bool:
        """Tell whether the last passes have left nothing to be done by policies that act, as their statuses say."""
        acting = [
            body
            for key, body in self.bodies.items()
            if body["spec"].get("mode") != "Observe" and key not in self._refused
        ]
        if self._removed.keys() & self.bodies.keys():
            return False
        conditions = [each for body in acting for each in body["status"]["conditions"]]
        return all(map(_is_well, conditions)) and not any(
            row.get(name) for body in acting for row in body["status"]["destinations"] for name in _OPEN
        )

    # --- time

    def run(self, until: float) -> None:
        """Let time go by, from pass to pass."""
        while True:
            keys = self._taken()
            if keys:
                self._passes(keys)
                continue
            due = self._process.next_due()
            if due is None or due > until:
                self._cloud.wait(until - self._cloud.now)
                return
            self._cloud.wait(max(due - self._cloud.now, 0.001))

    def _taken(self) -> list[ObjectKey]:
        """Take up what is due, as several workers would, in the order in which they come to it."""
        for hinted in self._process.hearing.due(self._cloud.now):
            self._process.agenda.add(hinted, self._cloud.now, Lane.RESYNC)
        most = self._dice.randint(1, AT_ONCE) if len(self.bodies) > 1 else 1
        keys: list[ObjectKey] = []
        while len(keys) < most and (key := self._process.agenda.take(self._cloud.now)) is not None:
            keys.append(key)
        self._dice.shuffle(keys)
        return keys

    def _passes(self, keys: list[ObjectKey]) -> None:
        try:
            for key in keys:
                self._process.agenda.finish(key, self._look(key), self._cloud.now)
        except Killed as killed:
            self._tell(f"{stamp(self._cloud.now)} killed at {killed}")
            self._restart()

    def _restart(self) -> None:
        clients().recall()
        self._cloud.revive()
        self._cloud.wait(self._dice.choice((1.0, 5.0, 20.0, 900.0)))
        self._begin()

    def close(self) -> None:
        """Give back what is lent."""
        clients().recall()

    # --- a pass

    def _look(self, key: ObjectKey) -> Next:
        if key not in self.bodies:
            return Done()
        process, body, began = self._process, self.bodies[key], self.clock()
        while process.desk.settle():
            pass
        self._tell(f"{stamp(self._cloud.now)} pass over {key.name}")
        if key in self._removed:
            return self._end(key, body)
        looked = process.board.looked(key.kind, key.policy)
        waiting = process.board.waiting(key.kind, key.policy)
        fresh = process.freshness
        occasion = Occasion(fresh.not_before(key, began), looked, waiting=waiting, patience=fresh.patience(key, began))
        passing = Passing(key, body)
        self.passing(passing)
        request = process.desk.request(key, body, occasion)
        heard = process.hearing.take(key)
        for hint, at in heard.items():
            process.aws.heed(hint, at)
        outcome = request.reconcile(
            process.aws, clock=self.clock, cadence=CADENCE, stopping=lambda: self._is_overtaken(passing, request)
        )
        if outcome.report is not None:
            process.board.put(outcome.report)
        process.freshness.note(key, outcome, began, self.clock())
        changed = outcome.status is not None and outcome.status != body.get("status")
        process.hearing.looked(key, heard, self._cloud.now, found=found_any(outcome, changed=changed))
        self._write(passing, outcome)
        if outcome.failed:
            return Retry("aws")
        return Done() if outcome.requeue is None else After(outcome.requeue)

    def _is_overtaken(self, passing: Passing, request: Request) -> bool:
        """Tell whether what a pass acts for has been edited meanwhile, as hosts with threads ask it."""
        desk, key = self._process.desk, passing.key
        return self.bodies[key] is not passing.body or desk.is_overtaken(key, request)

    def _write(self, passing: Passing, outcome: Outcome) -> None:
        """Write a status onto what is declared by now, as hosts of a cluster do."""
        body = self.bodies.get(passing.key, passing.body)
        before = body.get("status") or {}
        if outcome.status is not None:
            body["status"] = outcome.status
        self.passes += 1
        self.passed(passing, before, body["status"], outcome)

    def _end(self, key: ObjectKey, body: Json) -> Next:
        """Do a pass over what is being deleted, and let it go when it is settled, or has waited long enough."""
        process, removed, parting = self._process, self._removed[key], KINDS[key.kind].parting
        assert parting is not None
        passing = Passing(key, body, removed.ordered)
        self.passing(passing)
        ordered = removed.ordered or not parting.removes(body)
        request = process.desk.request(key, body, Occasion(self.clock(), ordered=ordered))
        outcome = request.reconcile(
            process.aws, clock=self.clock, cadence=CADENCE, stopping=lambda: self._is_overtaken(passing, request)
        )
        if self.bodies[key] is not body:
            return Done()  # edited meanwhile, which asks for the next pass
        overdue = self._cloud.now - removed.at >= self._wait.total_seconds()
        if not outcome.done and overdue:
            outcome = replace(outcome, done=True, events=(parting.given_up(outcome.problem),))
        if outcome.done:
            self._release(key)
        self._write(passing, outcome)
        return Done() if outcome.done else After(min(CADENCE.follow, self._wait), Lane.CHANGE)

    def _release(self, key: ObjectKey) -> None:
        """Let an object go: nothing of it is remembered."""
        process = self._process
        del self.bodies[key]
        for each in process.desk.drop(key):
            process.agenda.add(each, self._cloud.now)
        process.freshness.forget(key)
        process.hearing.forget(key)
        process.board.drop(key.kind, key.policy)


def _is_well(condition: Json) -> bool:
    """Tell whether there is nothing to wait for; whether a role may copy cannot be asked in every world."""
    unasked = condition["type"] == "PrerequisitesMet" and condition["reason"] == "AccessDenied"
    return bool(unasked or condition["status"] == "True" or condition["type"] == "Reconciling")


def stamp(seconds: float) -> str:
    """Return a time of the simulation for people."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{int(seconds * 1000) % 1000:03}"
