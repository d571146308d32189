"""Which copies are awaited in a vault, and where they are looked for: at the dates of their sources."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Final, Protocol, TypeAlias

from ....aws.pages import PAGES
from ..doubts import SURELY_GONE
from ..evidence import SETTLING
from ..inventory import Inventory
from ..jobs import Jobs
from ..pairing import TOLERANCE
from ..records import Key
from ..seen import CopyJob

_LOG = logging.getLogger(__name__)

LATE = timedelta(hours=1)
"""How late a copy job, or the copy of a finished one, may be listed; and how often expiries make an audit."""
RECENT = timedelta(days=2)
"""How old what others copy into a vault is at most, but for what they copied late."""
LASTING = frozenset({"COMPLETED", "AVAILABLE", "PARTIAL", "EXPIRED", "STOPPED"})
"""Statuses that a recovery point keeps. https://docs.aws.amazon.com/aws-backup/latest/devguide/
API_RecoveryPointByBackupVault.html"""
CREATING = "CREATING"
_PAGE: Final[int] = PAGES["PageSize"]
_EVER = datetime.max.replace(tzinfo=UTC)
_JUDGED_AFTER = (SETTLING, SURELY_GONE)

MOST_RESOURCES = 20
"""Of so many resources all that a vault has is listed, at most, before all of the vault is."""

Named: TypeAlias = tuple[str, str]
"""The ARN of a recovery point, and that of its resource."""
Span: TypeAlias = tuple[datetime, datetime]
"""From when, until when."""
Dated: TypeAlias = Callable[[CopyJob], datetime | None]
"""Returns when the source of a copy was created; None where it is not known."""


class Points(Protocol):
    """Lists the recovery points of a vault."""

    def __call__(
        self,
        since: datetime | None = None,
        before: datetime | None = None,
        like: Inventory | None = None,
        *,
        resource: str | None = None,
    ) -> Inventory:
        """Return all, or those created between two moments, or of a resource; ``like`` is what is known of it all."""


def awaited(
    points: Inventory, jobs: Iterable[Jobs], audited: datetime, arrived: set[Key], now: datetime
) -> Iterator[CopyJob]:
    """Yield the jobs that have brought a copy which was not seen in the vault, as far as it is looked for.

    A copy that was not listed so long after its job had ended is not on its way any more. Whether it is lost is judged
    by listings from certain times after the end, which there have to be.

    Args:
        points: What is known to be in the vault.
        jobs: Those that copy into it.
        audited: When it was listed in whole.
        arrived: Jobs, by their short names, whose copies were seen since; takes further ones in.
        now: The present.
    """
    spans = ((audited - LATE, _EVER), *((audited - after, now - after) for after in _JUDGED_AFTER))
    for key, job in (ended for each in jobs for ended in each.ended(spans, arrived)):
        if not job.ended_well:
            continue
        if points.find(job.destination_point_arn or "", job.resource_arn) is None:
            yield job
        else:
            arrived.add(key)


def with_arrivals(known: Inventory, arrivals: Sequence[CopyJob], points: Points, dated: Dated) -> Inventory | None:
    """Return what is known of a vault with what has arrived there; None where only a whole listing tells.

    A copy is looked for at the date of its source, or where it probably is. That it keeps that date is documented and
    was not seen for each type: one that is not there is looked for among all of its resource. Where it is not among
    those either, the vault is listed.
    """
    incomplete = [each for each in known.unlike(LASTING) if each.status == CREATING]
    spans = [(each.created, each.created) for each in incomplete]
    for job in arrivals:
        date = dated(job)
        spans.append((date, date) if date is not None else (job.created - RECENT, job.created))
    if not spans:
        return known
    found = [
        points(begin - TOLERANCE, end + TOLERANCE, like=known) for begin, end in windows(sorted(spans), known.between)
    ]
    expected = [(each.arn, each.resource_arn) for each in incomplete]
    expected += [(job.destination_point_arn or "", job.resource_arn) for job in arrivals]
    lacking = _not_among(found, expected)
    resources = {resource for _, resource in lacking}
    if "" in resources or len(resources) > MOST_RESOURCES:
        return None
    found += [points(like=known, resource=each) for each in sorted(resources)]
    if _not_among(found, lacking):
        return None
    if lacking:
        _LOG.info("A copy has another date than its source: %s", ", ".join(sorted(arn for arn, _ in lacking)))
    return reduce(Inventory.joined, found, known)


def _not_among(found: Iterable[Inventory], expected: Iterable[Named]) -> list[Named]:
    return [one for one in expected if all(each.find(*one) is None for each in found)]


def windows(spans: Sequence[Span], between: Callable[[Sequence[datetime]], Sequence[int]]) -> list[Span]:
    """Return what is listed to see some spans of time: apart where more than a page of others lies between two.

    One copy that takes for ever would have everything listed otherwise that is younger than it, with each arrival.

    Args:
        spans: By their beginning; one at least.
        between: Tells how many recovery points are known between each moment and the next, but for a few.
    """
    ends = [spans[0]]
    for begin, end in spans[1:]:
        if begin <= ends[-1][1]:
            ends[-1] = (ends[-1][0], max(end, ends[-1][1]))
        else:
            ends.append((begin, end))
    found = ends[:1]
    counts = between([moment for span in ends for moment in span])[1::2] if len(ends) > 1 else ()
    for span, count in zip(ends[1:], counts, strict=True):
        if count > _PAGE:
            found.append(span)
        else:
            found[-1] = (found[-1][0], span[1])
    return found
