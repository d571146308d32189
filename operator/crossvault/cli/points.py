"""What ``crossvault points`` does: judge as a pass would, then tell of each recovery point towards each destination.

Lines are made one by one and printed as they come: what a policy has is judged as sums, as ever, and told by
:mod:`..aspects.copies.newest`.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import click

from .. import __version__
from ..aspects.copies import figures, newest, states, waits
from ..aspects.copies.contents import ARRIVALS, POINTS, contents
from ..aspects.copies.judged import judged
from ..aspects.copies.planned import Standing, State
from ..aspects.copies.seen import RecoveryPoint
from ..aspects.effects import AwsAccounts
from ..aws import AwsSettings
from ..engine.declared import Desired, Destination, PolicyKey
from ..engine.looks import Seen, Unseen
from ..engine.observed import Observed, Sight
from ..engine.plan import Plan
from ..kinds import POLICY
from ..kinds.kind import Occasion
from ..kinds.policy.reconcile import judge_policy
from ..kinds.rejected import Rejected
from ..local import Folder, ManifestError
from ..local.files import shown
from ..words.problems import Problem
from . import FAILED, point_lines, render
from .point_lines import NOT_LOOKED_AT, Line

THREADS = 8
NAMED = 5
"""So many recovery points are named of which each may be meant."""

Judged: TypeAlias = tuple[Desired, Observed, Plan] | Rejected


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which recovery points are told.

    Attributes:
        policy: Only those of this one: its name, or its namespace and name.
        states: Only those of these states; of all but those out of scope when it is empty.
        point: Only the one of this ARN, or that of which this is the ARN of the copy; or what such an ARN ends with.
        resource: Only those of this one.
    """

    policy: str | None = None
    states: frozenset[str] = frozenset()
    point: str | None = None
    resource: str | None = None

    @property
    def is_all(self) -> bool:
        """Tell whether everything is told that is in scope."""
        return not self.states and self.point is None and self.resource is None

    def has(self, standing: Standing) -> bool:
        """Tell whether a recovery point is told."""
        copy = standing.copy.arn if standing.copy is not None else ""
        if not self._names(standing.point.arn) and not self._names(copy):
            return False
        return self._has_resource(standing.point) and self._has_state(standing.state)

    def has_unseen(self, point: RecoveryPoint, desired: Desired) -> bool:
        """Tell whether a recovery point is told of which nobody knows how it stands."""
        if not self._names(point.arn):
            return False
        return self._has_resource(point) and states.in_scope(point, desired.scope) and self._has_state(NOT_LOOKED_AT)

    @property
    def has_what_was_not_looked_at(self) -> bool:
        """Tell whether it is told what could not be looked at."""
        return self._has_state(NOT_LOOKED_AT)

    @property
    def point_arn(self) -> str | None:
        """The ARN of the point, where it is named by that."""
        return self.point if self.point is not None and self.point.startswith("arn:") else None

    def _names(self, arn: str) -> bool:
        """Tell whether a recovery point may be meant: by its ARN, or by the id at its end."""
        if self.point is None or arn == self.point:
            return True
        return self.point_arn is None and arn.endswith((f":{self.point}", f"/{self.point}"))

    def _has_resource(self, point: RecoveryPoint) -> bool:
        return self.resource is None or point.resource_arn == self.resource

    def _has_state(self, state: str) -> bool:
        if not self.states:
            return self.point is not None or state != State.OUT_OF_SCOPE
        return state in self.states


def show(path: Path, wanted: Wanted, output: str, cluster: str) -> int:
    """Print how the recovery points of a folder's policies stand, and return the exit code."""
    try:
        folder = Folder.read(path)
        folder.require(shown(path))
        policies = _named(folder, wanted.policy, path)
    except ManifestError as error:
        if output != "json":
            raise click.ClickException(str(error)) from error
        point_lines.emit((), output, faults=[fault.row() for fault in error.faults])
        return FAILED
    aws = AwsAccounts(AwsSettings(version=__version__, cluster=cluster, by_hand=True))
    hopeless = set[PolicyKey]()
    try:
        told = lines(folder, policies, wanted, aws, hopeless)
        told = told if wanted.point is None else only_one(told, wanted.point)
        counted = point_lines.emit(told, output, fully=wanted.point is not None, width=render.width())
    finally:
        aws.close()
    if wanted.point is not None and not counted.total() and not wanted.states:
        words = "policy" if len(policies) == 1 else "policies"
        missing = (
            f"{wanted.point} is no recovery point in the source vault of {len(policies)} {words}, nor the copy of one"
        )
        raise click.ClickException(f"{missing} that is there. Copies may outlive their sources.")
    return point_lines.exit_code(counted, hopeless=bool(hopeless) and wanted.is_all)


def only_one(lines: Iterable[Line], meant: str) -> Iterator[Line]:
    """Return the lines of one recovery point.

    Raises:
        ClickException: Several recovery points may be meant.
    """
    told = list(lines)
    arns = sorted({each.point.arn for each in told if each.point is not None})
    if len(arns) > 1:
        shown, more = ", ".join(arns[:NAMED]), f" and {len(arns) - NAMED} more" if len(arns) > NAMED else ""
        raise click.ClickException(f"{meant} is the end of several recovery points or their copies: {shown}{more}.")
    return iter(told)


def _named(folder: Folder, name: str | None, path: Path) -> list[PolicyKey]:
    """Return the policies that are meant, in the order of their names."""
    known = sorted(folder.policies, key=str)
    found = [each for each in known if name is None or name in {str(each), each.name}]
    if not found:
        there = ", ".join(map(str, known)) or "none"
        which = "no CrossAccountBackupPolicy" if name is None else f"no CrossAccountBackupPolicy {name}"
        raise click.ClickException(f"{shown(path)}: there is {which}; there are: {there}.")
    return found


def lines(
    folder: Folder, policies: Iterable[PolicyKey], wanted: Wanted, aws: AwsAccounts, hopeless: set[PolicyKey]
) -> Iterator[Line]:
    """Yield a line for each recovery point and destination, policy by policy, the newest first.

    ``hopeless`` collects the policies of whose recovery points AWS can copy none.
    """
    now, desk = datetime.now(UTC), folder.desk()

    def judge(key: PolicyKey) -> Judged:
        return judge_policy(desk[POLICY].request(POLICY.key(key), folder.policies[key], Occasion(now)), aws)

    for key, found in _ahead(judge, policies):
        if isinstance(found, Rejected):
            if wanted.has_what_was_not_looked_at:
                words = " ".join(map(str, folder.faults(POLICY.key(key), found)))
                yield Line(str(key), "", NOT_LOOKED_AT, reason=str(found.reason), message=words)
            continue
        hopeless |= {key} if is_hopeless(found[2], found[0]) else set()
        yield from _of_policy(*found, wanted)


def _ahead(judge: Callable[[PolicyKey], Judged], policies: Iterable[PolicyKey]) -> Iterator[tuple[PolicyKey, Judged]]:
    """Yield the policies in order, judged, while the next ones are being looked at; no more are held than that."""
    pool, under_way, left = ThreadPoolExecutor(THREADS), deque[tuple[PolicyKey, Future[Judged]]](), iter(policies)
    try:
        while True:
            while len(under_way) < THREADS and (key := next(left, None)) is not None:
                under_way.append((key, pool.submit(judge, key)))
            if not under_way:
                return
            key, future = under_way.popleft()
            yield key, future.result()
    finally:
        # Not "with": after Ctrl-C nobody waits for an AWS that hangs.
        pool.shutdown(wait=False, cancel_futures=True)


def is_hopeless(plan: Plan, desired: Desired) -> bool:
    """Tell whether recovery points are meant of which AWS can copy none anywhere: Ready is NothingCopyable."""
    found = [figures.states_of(judged(plan, each.name)) for each in desired.destinations]
    meant = {state for states in found for state, count in states.items() if count} - {State.OUT_OF_SCOPE}
    return meant == {State.INELIGIBLE}


def _of_policy(desired: Desired, observed: Observed, plan: Plan, wanted: Wanted) -> Iterator[Line]:
    sides = zip(desired.destinations, observed.destinations, strict=True)
    each = [_of_destination(desired, one, observed, sight, plan, wanted) for one, sight in sides]
    yield from _partly_seen(desired, observed, wanted)
    yield from heapq.merge(*each, key=lambda line: line.created, reverse=True)


def _partly_seen(desired: Desired, observed: Observed, wanted: Wanted) -> Iterator[Line]:
    """Yield why the picture is not whole although all lists were had: a plan, say, was not seen that copies, too."""
    compared = all(contents(observed.source, sight) is not None for sight in observed.destinations)
    if observed.problem is not None and compared and wanted.has_what_was_not_looked_at:
        reason, words = str(observed.problem.reason), observed.problem.message
        yield Line(str(desired.key), "", NOT_LOOKED_AT, reason=reason, message=words)


def _of_destination(
    desired: Desired, destination: Destination, observed: Observed, sight: Sight, plan: Plan, wanted: Wanted
) -> Iterator[Line]:
    name, there = destination.name, contents(observed.source, sight)
    if there is None:
        yield from _unseen(desired, destination, observed, sight, wanted)
        return
    resource = wanted.resource
    if wanted.point_arn is not None:
        # AWS may name none, and another one for a copy than for its source.
        resource = there.points.where(wanted.point_arn)
        if resource is None and there.copies.where(wanted.point_arn) is None:
            return
    for each in newest.standings(there, judged(plan, name), wanted.has, resource):
        wait = waits.wait(each, plan, desired, name, observed.at)
        yield Line.of(str(desired.key), destination, each, wait)


def _unseen(
    desired: Desired, destination: Destination, observed: Observed, sight: Sight, wanted: Wanted
) -> Iterator[Line]:
    """Yield what is known to lie in the source, or that not even that is known, and why nothing can be said of it."""
    if not wanted.has_what_was_not_looked_at:
        return
    points, arrivals = observed.source[POINTS], sight[ARRIVALS]
    problem = next(each.problem for each in (points, arrivals.copies, arrivals.jobs) if isinstance(each, Unseen))
    if not isinstance(points, Seen):
        yield _not_looked_at(desired, destination, problem)
        return
    found = False
    for each in newest.points(points.value, lambda point: wanted.has_unseen(point, desired)):
        found = True
        yield _not_looked_at(desired, destination, problem, each)
    # What is none of the source's may be a copy.
    if not found if wanted.point is not None else not len(points.value):
        yield _not_looked_at(desired, destination, problem)


def _not_looked_at(
    desired: Desired, destination: Destination, problem: Problem, point: RecoveryPoint | None = None
) -> Line:
    return Line(
        str(desired.key),
        destination.name,
        NOT_LOOKED_AT,
        point,
        str(problem.reason),
        problem.message,
        vault=destination.vault.arn,
    )
