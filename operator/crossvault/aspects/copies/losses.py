"""Copies that were there and are there no more, told from what AWS shows and, where it has forgotten, from the status.

AWS lists copy jobs for 30 days (ListCopyJobs), and DescribeBackupVault says when a vault was created. What only the
previous status still knows is told when it is found, and until the recovery points of that time have their copies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from ...engine.declared import Desired, Destination
from ...engine.looks import Seen, Unseen
from ...engine.observed import Observed, Sight
from ...words.explanations import EXPLANATIONS
from ...words.instants import instant, moment
from ...words.reasons import Reason
from ..vault.seen import VAULT, Vault
from .contents import ARRIVALS, POINTS
from .declared import COPIES, BackfillMode
from .evidence import HISTORY
from .figures import LOSSES, Copies, Failed
from .judged import Judged
from .planned import GAP_STATES, Standing, State

_A_SECOND = timedelta(seconds=1, microseconds=-1)
"""From the first to the last moment of a second: a status has whole ones."""

_OF_A_COPY_THAT_IS_THERE = frozenset({Reason.COPY_EXPIRES_EARLY, Reason.COPY_PARTIAL})


def losses(
    desired: Desired, observed: Observed, judged: Mapping[str, Judged], previous: Mapping[str, Any]
) -> tuple[Failed, ...]:
    """Return the destinations that lost what they held, one entry each.

    What a job of AWS shows to have vanished is told by itself (:func:`.states.amiss`).
    """
    found = (
        _loss(
            desired,
            destination,
            sight,
            judged.get(destination.name, Judged()),
            previous,
            same_spec=previous.get("observedGeneration") == desired.generation,
            now=observed.at,
        )
        for destination, sight in zip(desired.destinations, observed.destinations, strict=True)
        if not isinstance(observed.source[POINTS], Unseen) and not isinstance(sight[ARRIVALS].jobs, Unseen)
    )
    return tuple(each for each in found if each is not None)


def told_once(lost: Sequence[Failed], failing: Sequence[Failed]) -> tuple[tuple[Failed, ...], tuple[Failed, ...]]:
    """Return both without what is told twice: copies that vanished with their vault, or as a status knew already."""
    vanished = {each.destination: each for each in failing if each.reason is Reason.COPY_VANISHED}
    known = {each.destination for each in lost}
    return (
        tuple(max(each, _with(each, vanished.get(each.destination)), key=lambda one: one.count) for each in lost),
        tuple(each for each in failing if each.reason is not Reason.COPY_VANISHED or each.destination not in known),
    )


def _with(lost: Failed, vanished: Failed | None) -> Failed:
    """Return a loss with all that vanished, by number and size."""
    return lost if vanished is None else replace(lost, count=vanished.count, size=vanished.size)


def _loss(
    desired: Desired,
    destination: Destination,
    sight: Sight,
    judged: Judged,
    previous: Mapping[str, Any],
    *,
    same_spec: bool,
    now: datetime,
) -> Failed | None:
    look = sight[VAULT]
    if isinstance(look, Unseen) or isinstance(sight[ARRIVALS].copies, Unseen):
        return None
    gaps, known = [each for each in judged.standings if each.state in GAP_STATES], _row(previous, destination)
    if look.value is None:
        return _gone(destination, gaps) if known.get("copied") or _completed(sight) else None
    untold = [each for each in _forgotten(gaps, now) if each.job is None]
    return (
        _made_anew(destination, look.value, sight, gaps, known)
        or (_fewer(destination, judged, _once_meant(desired, untold), known) if same_spec else None)
        or _still(destination, gaps, previous)
    )


def _row(previous: Mapping[str, Any], destination: Destination) -> Mapping[str, Any]:
    rows: Iterable[Mapping[str, Any]] = previous.get("destinations") or ()
    return next(
        (
            each
            for each in rows
            if (each.get("name"), each.get("vaultArn")) == (destination.name, destination.vault.arn)
        ),
        {},
    )


def _completed(sight: Sight) -> datetime | None:
    """Return when the first of the jobs completed that AWS still shows."""
    look = sight[ARRIVALS].jobs
    return look.value.first_completed if isinstance(look, Seen) else None


def _gone(destination: Destination, gaps: Sequence[Standing]) -> Failed:
    text = f"Vault {destination.vault.name}, which held copies, is gone and its copies with it."
    return _failed(destination, Reason.DESTINATION_VAULT_LOST, gaps, text)


def _made_anew(
    destination: Destination, vault: Vault, sight: Sight, gaps: Sequence[Standing], known: Mapping[str, Any]
) -> Failed | None:
    """Tell a vault that is younger than copies into a vault of its name, as long as points of that time lack theirs."""
    if vault.created is None:
        return None
    last = moment(known.get("lastCompleted")) if known.get("copied") else None
    earlier = [at for at in (_completed(sight), last) if at is not None and at < vault.created]
    lost = [each for each in gaps if each.point.created < vault.created]
    if not earlier or not lost:
        return None
    text = (
        f"Vault {destination.vault.name} was made anew at {instant(vault.created)}; the copies that the one before it"
        " held are gone."
    )
    return _failed(destination, Reason.DESTINATION_VAULT_LOST, lost, text)


def _fewer(
    destination: Destination, judged: Judged, forgotten: Sequence[Standing], known: Mapping[str, Any]
) -> Failed | None:
    """Tell that copies went that the status knew, though their recovery points are there still.

    Of what it knew, as many copies may be fewer as points left the scope; what is beyond that was lost. Where none left
    it, and others may have arrived meanwhile, the newest copy tells: it is lost when no copy has its date any more.
    """
    newest, meant, copied = moment(known.get("newestSource")), known.get("inScope"), known.get("copied")
    if newest is None or not isinstance(meant, int) or not isinstance(copied, int):
        return None
    end = newest + _A_SECOND
    without = [each for each in forgotten if each.point.created <= end]
    if not without:
        return None
    open_ = Counter(each.state for each in judged.standings if each.point.created <= end)
    then = open_ + judged.settled.states() - Counter(each.state for each in judged.settled.after(end))
    left = max(0, meant - then.total() + then[State.OUT_OF_SCOPE])
    lost = copied - then[State.COPIED] - left
    newest_gone = left == 0 and copied > 0 and _is_gone(known.get("newestCopied"), judged, without)
    if lost <= 0 and not newest_gone:
        return None
    found = sorted(without, key=lambda each: each.point.created, reverse=True)[: max(lost, 1)]
    text = f", the newest of them that of the recovery point of {known['newestCopied']}" if newest_gone else ""
    return _failed(destination, Reason.COPY_VANISHED, found, f"Copies that were there are gone{text}.")


def _is_gone(newest: object, judged: Judged, without: Sequence[Standing]) -> bool:
    """Tell whether a point of that second lacks its copy, and no other point of it has one."""
    second = moment(newest)
    if second is None or not any(_is_within(second, each) for each in without):
        return False
    there = (*judged.standings, *judged.settled.after(second - timedelta(microseconds=1)))
    return not any(each.state is State.COPIED and _is_within(second, each) for each in there)


def _is_within(second: datetime, standing: Standing) -> bool:
    return second <= standing.point.created <= second + _A_SECOND


def _forgotten(gaps: Iterable[Standing], at: datetime) -> list[Standing]:
    """Return the gaps that may have had a copy at that time of which no job tells.

    AWS lists the job that made a copy for 30 days, and a copy is younger than its recovery point: of a younger point
    without a job none was ever made. So neither is the backlog of this morning taken for a loss, in whatever order it
    comes and is copied, nor what is listed for the first time today while others expire.
    """
    return [
        each
        for each in gaps
        if each.point.created <= at - HISTORY
        and each.state is not State.IN_PROGRESS
        and each.reason not in _OF_A_COPY_THAT_IS_THERE
    ]


def _once_meant(desired: Desired, gaps: Sequence[Standing]) -> Sequence[Standing]:
    """Leave out what may have come into scope since: with Latest, an older one when the latest of its resource went."""
    if desired[COPIES].backfill.mode is not BackfillMode.LATEST:
        return gaps
    return [each for each in gaps if desired.created is not None and each.point.created >= desired.created]


def _still(destination: Destination, gaps: Sequence[Standing], previous: Mapping[str, Any]) -> Failed | None:
    """Go on telling a loss that only an earlier status knew, until the points of that time have their copies.

    Of copies that vanished there are never more than were told: the others of that time never had one.
    """
    for each in previous.get("failures") or ():
        since = moment(each.get("lostAt"))
        if since is None or each.get("destination") != destination.name or each.get("reason") not in LOSSES:
            continue
        reason, lost = Reason(each["reason"]), [one for one in gaps if one.point.created <= since]
        if reason is Reason.COPY_VANISHED:
            newest = sorted(_again(lost, since), key=lambda one: one.point.created, reverse=True)
            lost = newest[: max(int(each.get("count") or 0), 1)]
        if lost:
            return _failed(destination, reason, lost, str(each.get("message", "")))
    return None


def _again(gaps: Iterable[Standing], since: datetime) -> list[Standing]:
    """Return the gaps that may be those of a loss, also while they are on their way again."""
    under_way = [each for each in gaps if each.state is State.IN_PROGRESS and each.job is not None]
    return [*_forgotten(gaps, since), *(each for each in under_way if each.point.created <= since - HISTORY)]


def _failed(destination: Destination, reason: Reason, gaps: Sequence[Standing], text: str) -> Failed:
    return Failed(
        destination.name,
        reason,
        len(gaps),
        needs_action=True,
        example=min((each.point.arn for each in gaps), default=""),
        message=text,
        remedy=EXPLANATIONS[reason].remedy,
        lost=True,
        size=sum(each.point.size for each in gaps),
        copies=Copies.GONE,
    )
