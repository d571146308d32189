"""What may be started although, or must wait because, it is not certain that there is no copy.

``copies`` says what the pair of a recovery point looks like. Here everything that would be started on it has to show
its ground, and what has none waits, counted as a gap, until jobs bring proof or a person decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from .copies import Viewpoint, expiry, kept_until, may_start
from .evidence import Weighed
from .model import (
    Conflict,
    CopyJob,
    Desired,
    Evidence,
    Ground,
    Kind,
    Lifecycle,
    Mode,
    Neighbour,
    PolicyKey,
    RecoveryPoint,
    Standing,
    State,
    Uncertain,
    Verdict,
)
from .pairing import ENDED_WELL, Pair
from .reasons import Reason

SURELY_GONE = timedelta(hours=24)
"""How long after its job a copy must be missing before it is made again by itself."""

_OUT = "Set spec.copying.whenUncertain: AssumeMissing to have such points copied, AssumeCopied to call them copied."

_SHADOWED = (
    "Nothing is started, because another recovery point of the same resource and date has a copy: they"
    f" may be one backup that was copied back. {_OUT}"
)


def settle(
    pairs: Iterable[Pair], standings: Iterable[Standing], weighed: Weighed, view: Viewpoint, *, locked: bool
) -> tuple[Standing, ...]:
    """Let start what has a ground, and hold the rest.

    Args:
        pairs: The pairs of one destination.
        standings: The state of each, in the same order.
        weighed: What the pairing is worth.
        view: From where and when they were judged.
        locked: The destination's vault is locked: what was copied twice could not be taken away again.
    """
    judge = _Doubts(weighed, view, locked=locked)
    settled = [judge.of(each, standing) for each, standing in zip(pairs, standings, strict=True)]
    return tuple(_with_canaries(settled, weighed))


class _Doubts:
    """One destination's point of view."""

    def __init__(self, weighed: Weighed, view: Viewpoint, *, locked: bool) -> None:
        self._weighed, self._view, self._locked = weighed, view, locked
        self._mode = view.desired.copying.when_uncertain

    def of(self, pair: Pair, standing: Standing) -> Standing:
        """Return the standing with its ground, or held."""
        finished = [job for job in pair.jobs if job.state in ENDED_WELL]
        if standing.reason in {Reason.COPY_VANISHED, Reason.COPY_PARTIAL}:
            return self._vanished(standing, finished)
        if not may_start(standing, self._view.now):
            return standing
        if finished:
            if self._gone_for_sure(standing.point, finished):
                return replace(standing, ground=Ground.PROVEN)
            lost = replace(
                standing,
                state=State.FAILED,
                reason=Reason.COPY_VANISHED,
                retry_at=None,
                needs_action=True,
                message=None,
            )
            return self._decided(lost, finished)
        if pair.shadowed:
            return self._decided(self._held(standing, _SHADOWED), finished)
        ground = self._weighed.ground(standing.point)
        return replace(standing, ground=ground) if ground else self._decided(self._held(standing), finished)

    def _vanished(self, standing: Standing, finished: list[CopyJob]) -> Standing:
        """Make a copy again that is gone, once, and only where jobs name copies as they are listed.

        In a locked vault nothing can be gone before its time, so that there the evidence contradicts itself.
        """
        if not self._gone_for_sure(standing.point, finished):
            return self._decided(standing, finished)
        due = max(job.completed or job.created for job in finished) + SURELY_GONE
        return replace(standing, retry_at=due, ground=Ground.PROVEN)

    def _gone_for_sure(self, point: RecoveryPoint, finished: list[CopyJob]) -> bool:
        due = kept_until(point, self._view.destination)
        too_early = self._locked and (due is None or due > self._view.now)
        known = self._weighed.arns_match(point) and self._weighed.nothing_there(point)
        return len(finished) == 1 and known and not too_early

    def _decided(self, standing: Standing, finished: list[CopyJob]) -> Standing:
        """Do what the policy declares for what cannot be told; what is made again is so once."""
        if self._mode is Uncertain.ASSUME_MISSING and len(finished) <= 1:
            return replace(
                standing,
                state=State.MISSING,
                reason=None,
                ground=Ground.DECLARED,
                retry_at=None,
                needs_action=False,
                message=None,
            )
        known = self._weighed.evidence(standing.point)
        if self._mode is Uncertain.ASSUME_COPIED and known.verdict is not Verdict.PROVEN:
            return Standing(standing.point, State.COPIED, Reason.ASSUMED_COPIED, standing.job)
        return standing

    def _held(self, standing: Standing, words: str | None = None) -> Standing:
        words = words or doubt(self._weighed.evidence(standing.point), self._view.destination.vault.name)
        return replace(
            standing,
            state=State.WAITING,
            reason=Reason.COPY_UNCERTAIN,
            retry_at=None,
            needs_action=True,
            message=words,
        )


def doubt(known: Evidence, vault: str) -> str:
    """Return why it cannot be told whether recovery points of a kind have a copy, and the way out."""
    kind = known.kind.resource_type or "unknown type"
    there = f"{known.unexplained} unexplained {kind} recovery points in vault {vault} could be a copy of it"
    match known.verdict:
        case Verdict.CONTRADICTED if known.mismatched:
            proof = f"{known.mismatched} of {known.linked} finished jobs left a copy with another date or resource"
        case Verdict.CONTRADICTED:
            proof = f"no copy of {known.jobs} finished jobs is listed"
        case _:
            proof = f"{known.linked} of {known.jobs} finished jobs prove how copies of {kind} are dated"
    return f"Nothing is started, because {there} and {proof}. {_OUT}"


def _with_canaries(standings: Iterable[Standing], weighed: Weighed) -> Iterator[Standing]:
    """Let the newest held point of a kind go ahead where that risks nothing; its copy proves the kind or refutes it."""
    standings = tuple(standings)
    newest: dict[Kind, RecoveryPoint] = {}
    for each in standings:
        if each.reason is Reason.COPY_UNCERTAIN and each.message != _SHADOWED:
            kind = weighed.kind_of(each.point)
            newest[kind] = max(each.point, newest.get(kind, each.point), key=lambda one: (one.created, one.arn))
    canaries = {each.arn for each in newest.values() if weighed.sends_ahead(each)}
    for each in standings:
        if each.point.arn in canaries:
            yield replace(
                each, state=State.MISSING, reason=None, ground=Ground.CANARY, needs_action=False, message=None
            )
        else:
            yield each


# --- Two policies, one copy ----------------------------------------------------------------------------------------


def neighbours_of(desired: Desired) -> tuple[Neighbour, ...]:
    """Return what a policy declares for its copies, for those that copy the same vault into the same one."""
    if desired.deleting or desired.suspend or desired.mode is Mode.OBSERVE:
        return ()
    source = desired.source.arn
    return tuple(Neighbour(desired.key, (source, each.vault.arn), each.lifecycle) for each in desired.destinations)


def conflicts_of(view: Viewpoint, neighbours: Iterable[Neighbour]) -> tuple[Conflict, ...]:
    """Return who declares another lifecycle for the same copies."""
    mine = view.destination
    source, target = view.desired.source.name, mine.vault.name
    return tuple(
        Conflict(
            mine.name,
            each.key,
            f"Policies {view.desired.key} and {each.key} copy vault {source} into {target} with different lifecycles:"
            f" {_lifecycle(mine.lifecycle)} and {_lifecycle(each.lifecycle)}. One backup has one copy, made for the"
            " longer one; declare the same lifecycle, or name another vault.",
        )
        for each in neighbours
        if _lifecycle(each.lifecycle) != _lifecycle(mine.lifecycle)
    )


def yielded(
    standings: Iterable[Standing], view: Viewpoint, neighbours: Iterable[Neighbour], conflicts: Iterable[Conflict]
) -> tuple[Standing, ...]:
    """Leave to a neighbour what it keeps longer, and name it where a copy is too short-lived."""
    rivals = {each.other for each in conflicts}
    others = tuple(each for each in neighbours if each.key in rivals)
    if not others:
        return tuple(standings)
    words = next(each.message for each in conflicts)
    return tuple(_yielded(each, view, others, words) for each in standings)


def _yielded(standing: Standing, view: Viewpoint, others: tuple[Neighbour, ...], words: str) -> Standing:
    if standing.reason is Reason.COPY_EXPIRES_EARLY:
        return replace(standing, message=f"{standing.message} {words}")
    if standing.ground is None:
        return standing
    mine = _rank(standing.point, view.destination.lifecycle, view.desired.key)
    if all(mine >= _rank(standing.point, each.lifecycle, each.key) for each in others):
        return standing
    return replace(
        standing, state=State.WAITING, reason=Reason.LIFECYCLE_CONFLICT, ground=None, retry_at=None, message=words
    )


def _rank(point: RecoveryPoint, lifecycle: Lifecycle | None, key: PolicyKey) -> tuple[datetime, str]:
    """Order policies by how long they would keep the copy of a point; among equals one of them has to be first."""
    return expiry(point, lifecycle) or datetime.max.replace(tzinfo=UTC), str(key)


def _lifecycle(lifecycle: Lifecycle | None) -> str:
    days = lifecycle.delete_after_days if lifecycle else None
    cold = lifecycle.move_to_cold_storage_after_days if lifecycle else None
    kept = "as the source" if days is None or days < 0 else f"{days} days"
    return f"{kept}, cold after {cold} days" if cold else kept
