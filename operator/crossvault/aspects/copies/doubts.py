"""What may be started although, or must wait because, it is not certain that there is no copy.

``copies`` says what the pair of a recovery point looks like. Here everything that would be started on it has to show
its ground, and what has none waits, counted as a gap, until jobs bring proof or a person decides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...engine.declared import Desired, PolicyKey
from ...words.reasons import Reason
from ..lifecycle import LIFECYCLE, Lifecycle
from .declared import COPIES, BackfillMode, Neighbour, Uncertain
from .evidence import ENOUGH, Weighed
from .grounds import Evidence, Ground, Kind, Verdict
from .pairing import GONE_STATUSES, Pair
from .planned import Conflict, Standing, State
from .seen import ENDED_WELL, CopyJob, RecoveryPoint
from .states import Viewpoint, cold_from, expiry, in_scope, ineligible, kept_until, may_start, outlived

PATIENCE = timedelta(hours=1)
"""How long a recovery point is left to a policy of another namespace that would keep its copy longer."""

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
    pairs = tuple(pairs)
    judge = _Doubts(weighed, view, locked=locked)
    settled = [judge.of(each, standing) for each, standing in zip(pairs, standings, strict=True)]
    open_ = {each.point.arn for each in pairs if each.copy is None or each.copy.status in GONE_STATUSES}
    shadowed = frozenset(each.point.arn for each in pairs if each.shadowed)
    decided = _decided(settled, weighed, view.desired[COPIES].copying.when_uncertain, frozenset(open_), shadowed)
    return tuple(_with_canaries(decided, weighed, frozenset(open_) - shadowed))


class _Doubts:
    """One destination's point of view."""

    def __init__(self, weighed: Weighed, view: Viewpoint, *, locked: bool) -> None:
        self._weighed, self._view, self._locked = weighed, view, locked
        self._mode = view.desired[COPIES].copying.when_uncertain
        self._born = view.known.vault.created if view.known.vault is not None else None

    def of(self, pair: Pair, standing: Standing) -> Standing:
        """Return the standing with its ground, or held."""
        ended = [job for job in pair.jobs if job.state in ENDED_WELL]
        finished = [job for job in ended if not (self._went_with_its_vault(job) or self._expired(job, pair.point))]
        there = pair.copy is not None and pair.copy.status not in GONE_STATUSES
        if standing.reason in {Reason.COPY_VANISHED, Reason.COPY_PARTIAL} and not there:
            if finished:
                return self._vanished(standing, finished)
            standing = replace(standing, retry_at=self._view.now)
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
            return self._again(lost, finished)
        if pair.shadowed:
            return self._held(standing, _SHADOWED)
        ground = self._weighed.ground(standing.point)
        return replace(standing, ground=ground) if ground else self._held(standing)

    def _went_with_its_vault(self, job: CopyJob) -> bool:
        """Tell whether a job made its copy in a vault that is gone: the present one of that name is younger."""
        return self._born is not None and (job.completed or job.created) < self._born

    def _expired(self, job: CopyJob, point: RecoveryPoint) -> bool:
        """Tell whether the copy of a job had to go by now: it was made with a shorter life than is declared here."""
        days = job.delete_after_days
        return days is not None and point.created + timedelta(days=days) < self._view.now

    def _vanished(self, standing: Standing, finished: list[CopyJob]) -> Standing:
        """Make a copy again that is gone, once, and only where jobs name copies as they are listed.

        In a locked vault nothing can be gone before its time, so that there the evidence contradicts itself.
        """
        if not self._gone_for_sure(standing.point, finished):
            return self._again(standing, finished)
        due = max(job.completed or job.created for job in finished) + SURELY_GONE
        return replace(standing, retry_at=due, ground=Ground.PROVEN)

    def _gone_for_sure(self, point: RecoveryPoint, finished: list[CopyJob]) -> bool:
        return self._why_not_again(point, finished) is None

    def _why_not_again(self, point: RecoveryPoint, finished: list[CopyJob]) -> str | None:
        """Return why it is not sure that a copy is gone, or that making it again ends; None where it is."""
        if len(finished) > 1:
            return f"it was made {len(finished)} times already"
        due = kept_until(point, self._view.destination)
        if self._locked and (due is None or due > self._view.now):
            return "in a locked vault it cannot be gone yet"
        known = self._weighed.evidence(point)
        kind = known.kind.resource_type or "unknown type"
        if not self._weighed.arns_match(point):
            return f"{known.linked} copies of {kind} are listed as their jobs name them, and {ENOUGH} would prove it"
        if not self._weighed.nothing_there(point):
            return f"{known.unexplained} unexplained {kind} recovery points in the vault could be it"
        return None

    def _again(self, standing: Standing, finished: list[CopyJob]) -> Standing:
        """Make what is gone again where the policy says so, once; what is gone is never called copied."""
        if self._mode is Uncertain.ASSUME_MISSING and len(finished) <= 1:
            return _missing(standing)
        why = self._why_not_again(standing.point, finished)
        return (
            replace(standing, message=f"The copy is gone, and is not made again by itself: {why}.") if why else standing
        )

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


def _missing(standing: Standing) -> Standing:
    return replace(
        standing,
        state=State.MISSING,
        reason=None,
        ground=Ground.DECLARED,
        retry_at=None,
        needs_action=False,
        message=None,
    )


def _decided(
    standings: Iterable[Standing],
    weighed: Weighed,
    declared: Uncertain,
    open_: frozenset[str],
    shadowed: frozenset[str],
) -> tuple[Standing, ...]:
    """Do what the policy declares about what is held.

    Assumed copied is at most what unexplained recovery points there are to be the copies, the newest first, and nothing
    of a kind that jobs prove. Assumed missing is nothing of a kind whose copies are listed otherwise, once there are
    more unexplained ones than points: each copy would look missing again as soon as AWS has forgotten its job.
    """
    standings = tuple(standings)
    held: dict[Kind, list[RecoveryPoint]] = defaultdict(list)
    for each in standings:
        if each.reason is Reason.COPY_UNCERTAIN and each.point.arn in open_:
            held[weighed.kind_of(each.point)].append(each.point)
    chosen: set[str] = set()
    for kind, points in held.items():
        known = weighed.of_kind.get(kind, Evidence(kind))
        if declared is Uncertain.ASSUME_MISSING:
            endless = known.verdict is Verdict.CONTRADICTED and known.unexplained > len(points)
            chosen.update(each.arn for each in points if not endless)
        elif declared is Uncertain.ASSUME_COPIED:
            chosen.update(each.arn for each in points if each.arn in shadowed)
            doubtful = [each for each in points if each.arn not in shadowed and known.verdict is not Verdict.PROVEN]
            newest = sorted(doubtful, key=lambda each: (each.created, each.arn), reverse=True)
            chosen.update(each.arn for each in newest[: known.unexplained])
    adopt = declared is Uncertain.ASSUME_COPIED
    return tuple(
        each if each.point.arn not in chosen else _adopted(each) if adopt else _missing(each) for each in standings
    )


def _adopted(standing: Standing) -> Standing:
    return Standing(standing.point, State.COPIED, Reason.ASSUMED_COPIED, standing.job)


def _with_canaries(standings: Iterable[Standing], weighed: Weighed, may_go: frozenset[str]) -> Iterator[Standing]:
    """Let the newest held point of a kind go ahead where that risks nothing; its copy proves the kind or refutes it."""
    standings = tuple(standings)
    newest: dict[Kind, RecoveryPoint] = {}
    for each in standings:
        if each.reason is Reason.COPY_UNCERTAIN and each.point.arn in may_go:
            kind = weighed.kind_of(each.point)
            newest[kind] = max(each.point, newest.get(kind, each.point), key=lambda one: (one.created, one.arn))
    canaries = {each.arn for each in newest.values() if weighed.sends_ahead(each)}
    for each in standings:
        yield replace(_missing(each), ground=Ground.CANARY) if each.point.arn in canaries else each


# --- Two policies, one copy ----------------------------------------------------------------------------------------


def neighbours_of(desired: Desired) -> tuple[Neighbour, ...]:
    """Return what a policy declares for its copies, for those that copy the same vault into the same one."""
    if desired.deleting:
        return ()
    return tuple(
        Neighbour(
            desired.key,
            (desired.source.arn, each.vault.arn),
            each[LIFECYCLE],
            desired.acts,
            desired.scope,
            desired[COPIES].backfill,
            desired.created,
            desired.source.account.account_id,
        )
        for each in desired.destinations
    )


def conflicts_of(view: Viewpoint, neighbours: Iterable[Neighbour]) -> tuple[Conflict, ...]:
    """Return who declares another lifecycle for the same copies.

    Of a policy in another namespace nobody here may learn more than that it exists, and what it declares for the copies
    that both would make.
    """
    mine = view.destination
    source, target = view.desired.source.name, mine.vault.name
    return tuple(
        Conflict(
            mine.name,
            each.key,
            f"{_both(view.desired.key, each.key)} copy vault {source} into {target} with different lifecycles:"
            f" {_lifecycle(mine[LIFECYCLE])} and {_lifecycle(each.lifecycle)}. One backup has one copy, made for the"
            f" longer one{_patience(view.desired.key, each.key)}; declare the same lifecycle, or name another vault.",
        )
        for each in neighbours
        if _lifecycle(each.lifecycle) != _lifecycle(mine[LIFECYCLE])
    )


def _patience(mine: PolicyKey, other: PolicyKey) -> str:
    hours = PATIENCE // timedelta(hours=1)
    return "" if other.namespace == mine.namespace else f" unless that has not begun within {hours} hour"


def _both(mine: PolicyKey, other: PolicyKey) -> str:
    same = other.namespace == mine.namespace
    return f"Policies {mine} and {other}" if same else f"Policy {mine} and one of another namespace"


def yielded(
    standings: Iterable[Standing], view: Viewpoint, neighbours: Iterable[Neighbour], conflicts: Iterable[Conflict]
) -> tuple[Standing, ...]:
    """Leave to a neighbour what it keeps longer, and name it where a copy is too short-lived."""
    rivals = {each.other for each in conflicts}
    others = tuple(each for each in neighbours if each.key in rivals)
    if not others:
        return tuple(standings)
    words = {each.other: each.message for each in conflicts}
    standings = tuple(standings)
    newest: dict[str, datetime] = {}
    for each in standings:
        resource = each.point.resource_arn
        newest[resource] = max(each.point.created, newest.get(resource, each.point.created))
    settled = []
    for each in standings:
        if each.ground is None and each.reason is not Reason.COPY_EXPIRES_EARLY:
            settled.append(each)
            continue
        is_newest = each.point.created == newest[each.point.resource_arn]
        wanting = tuple(one for one in others if _wants(one, each.point, view, newest=is_newest))
        settled.append(_yielded(each, view, wanting, words) if wanting else each)
    return tuple(settled)


def _wants(neighbour: Neighbour, point: RecoveryPoint, view: Viewpoint, *, newest: bool) -> bool:
    """Tell whether the other policy means to copy this point, too; with backfill Latest the newest of each resource.

    One of another namespace is waited for until the recovery point is an hour old: were it unable to copy, or slow, its
    copies would be ours to miss. The age is that of the recovery point, so that every host and every run tell the same.
    """
    now = view.now
    if neighbour.key.namespace != view.desired.key.namespace and now - point.created > PATIENCE:
        return False
    theirs = view.destination.having(LIFECYCLE, neighbour.lifecycle)
    if ineligible(point, neighbour.scope, now) is not None or outlived(point, theirs, neighbour.scope, now):
        return False
    if not in_scope(point, neighbour.scope):
        return False
    backfill, begun = neighbour.backfill, neighbour.created
    match backfill.mode:
        case BackfillMode.ALL:
            return True
        case BackfillMode.SINCE:
            return backfill.since is None or point.created >= backfill.since
        case BackfillMode.LATEST:
            return newest or begun is None or point.created >= begun
        case BackfillMode.NONE:
            return begun is not None and point.created >= begun


def _yielded(
    standing: Standing, view: Viewpoint, others: tuple[Neighbour, ...], words: Mapping[PolicyKey, str]
) -> Standing:
    if standing.reason is Reason.COPY_EXPIRES_EARLY:
        return replace(standing, message=f"{standing.message} {words[others[0].key]}")
    if standing.ground is None:
        return standing
    mine = _rank(standing.point, view.destination[LIFECYCLE], view.desired.key)
    first = max(others, key=lambda each: _rank(standing.point, each.lifecycle, each.key))
    if mine >= _rank(standing.point, first.lifecycle, first.key):
        return standing
    return replace(
        standing,
        state=State.WAITING,
        reason=Reason.LIFECYCLE_CONFLICT,
        ground=None,
        retry_at=None,
        needs_action=True,
        message=words[first.key],
    )


def _rank(point: RecoveryPoint, lifecycle: Lifecycle | None, key: PolicyKey) -> tuple[datetime, datetime, str]:
    """Order policies by how long they would keep the copy of a point, then by how long warm; one has to be first."""
    never = datetime.max.replace(tzinfo=UTC)
    return expiry(point, lifecycle) or never, cold_from(point, lifecycle) or never, str(key)


def _lifecycle(lifecycle: Lifecycle | None) -> str:
    days = lifecycle.delete_after_days if lifecycle else None
    cold = lifecycle.move_to_cold_storage_after_days if lifecycle else None
    kept = "as the source" if days is None or days < 0 else f"{days} days"
    archived = " with snapshots archived" if lifecycle is not None and lifecycle.opt_in_to_archive else ""
    return f"{kept}, cold after {cold} days{archived}" if cold else kept
