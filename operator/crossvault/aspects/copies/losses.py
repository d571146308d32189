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
from .figures import LOSSES, Failed, states_of
from .judged import Judged
from .planned import GAP_STATES, Standing, State


def losses(
    desired: Desired, observed: Observed, judged: Mapping[str, Judged], previous: Mapping[str, Any]
) -> tuple[Failed, ...]:
    """Return the destinations that lost what they held, one entry each.

    What a job of AWS shows to have vanished counts as failing by itself (:func:`.states.failing`).
    """
    found = (
        _loss(
            desired,
            destination,
            sight,
            judged.get(destination.name, Judged()),
            previous,
            same_spec=previous.get("observedGeneration") == desired.generation,
        )
        for destination, sight in zip(desired.destinations, observed.destinations, strict=True)
        if not isinstance(observed.source[POINTS], Unseen) and not isinstance(sight[ARRIVALS].jobs, Unseen)
    )
    return tuple(each for each in found if each is not None)


def told_once(lost: Sequence[Failed], failing: Sequence[Failed]) -> tuple[tuple[Failed, ...], tuple[Failed, ...]]:
    """Return both without what is told twice: copies that vanished with their vault, or as a status knew already."""
    vanished = {each.destination: each.count for each in failing if each.reason is Reason.COPY_VANISHED}
    known = {each.destination for each in lost}
    return (
        tuple(replace(each, count=max(each.count, vanished.get(each.destination, 0))) for each in lost),
        tuple(each for each in failing if each.reason is not Reason.COPY_VANISHED or each.destination not in known),
    )


def _loss(
    desired: Desired,
    destination: Destination,
    sight: Sight,
    judged: Judged,
    previous: Mapping[str, Any],
    *,
    same_spec: bool,
) -> Failed | None:
    look = sight[VAULT]
    if isinstance(look, Unseen) or isinstance(sight[ARRIVALS].copies, Unseen):
        return None
    gaps, known = [each for each in judged.standings if each.state in GAP_STATES], _row(previous, destination)
    if look.value is None:
        return _gone(destination, gaps) if known.get("copied") or _completed(sight) else None
    return (
        _made_anew(destination, look.value, sight, gaps, known)
        or _newest_gone(destination, judged, gaps, known)
        or (_fewer(destination, judged, _once_meant(desired, gaps), known) if same_spec else None)
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


def _newest_gone(
    destination: Destination, judged: Judged, gaps: Sequence[Standing], known: Mapping[str, Any]
) -> Failed | None:
    """Tell that the newest copy the status knew is missing though no job of AWS explains it any more.

    As many copies went as are fewer now, of points that were there then.
    """
    newest = known.get("newestCopied")
    without = [each for each in gaps if each.job is None and newest and (instant(each.point.created) or "") <= newest]
    if not any(instant(each.point.created) == newest for each in without):
        return None
    fewer = int(known.get("copied", 0)) - states_of(judged)[State.COPIED]
    lost = sorted(without, key=lambda each: each.point.created, reverse=True)[: max(fewer, 1)]
    text = f"Copies that were there are gone, the newest of them that of the recovery point of {newest}."
    return _failed(destination, Reason.COPY_VANISHED, lost, text)


def _fewer(
    destination: Destination, judged: Judged, gaps: Sequence[Standing], known: Mapping[str, Any]
) -> Failed | None:
    """Tell that fewer copies are there than recovery points went at the source, though no job of AWS explains it.

    Of what the status knew, as many copies may be fewer as points left the scope; what is beyond that was lost.
    """
    newest, meant, copied = moment(known.get("newestSource")), known.get("inScope"), known.get("copied")
    if newest is None or not isinstance(meant, int) or not isinstance(copied, int):
        return None
    end = newest + timedelta(seconds=1, microseconds=-1)  # a status has whole seconds
    without = [each for each in gaps if each.job is None and each.point.created <= end]
    if not without:
        return None
    open_ = Counter(each.state for each in judged.standings if each.point.created <= end)
    then = open_ + judged.settled.states() - Counter(each.state for each in judged.settled.after(end))
    left = max(0, meant - then.total() + then[State.OUT_OF_SCOPE])
    lost = copied - then[State.COPIED] - left
    if lost <= 0:
        return None
    found = sorted(without, key=lambda each: each.point.created, reverse=True)[:lost]
    return _failed(destination, Reason.COPY_VANISHED, found, "Copies that were there are gone.")


def _once_meant(desired: Desired, gaps: Sequence[Standing]) -> Sequence[Standing]:
    """Leave out what may have come into scope since: with Latest, an older one when the latest of its resource went."""
    if desired[COPIES].backfill.mode is not BackfillMode.LATEST:
        return gaps
    return [each for each in gaps if desired.created is not None and each.point.created >= desired.created]


def _still(destination: Destination, gaps: Sequence[Standing], previous: Mapping[str, Any]) -> Failed | None:
    """Go on telling a loss that only an earlier status knew, until the points of that time have their copies."""
    for each in previous.get("failures") or ():
        since = moment(each.get("lostAt"))
        lost = [one for one in gaps if since is not None and one.point.created <= since]
        if each.get("destination") == destination.name and each.get("reason") in LOSSES and lost:
            return _failed(destination, Reason(each["reason"]), lost, str(each.get("message", "")))
    return None


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
    )
