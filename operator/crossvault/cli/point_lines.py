"""How ``crossvault points`` prints: lines as they come, in columns, as JSON, as CSV, or one point in full sentences."""

from __future__ import annotations

import csv
import json
import sys
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, TypeAlias

import click

from ..aspects.copies import waits
from ..aspects.copies.planned import GAP_STATES, Standing
from ..aspects.copies.seen import CopyJob, RecoveryPoint
from ..aspects.copies.waits import Again, Wait
from ..engine.declared import Destination
from ..words.explanations import EXPLANATIONS
from ..words.instants import instant
from ..words.reasons import Reason
from ..words.texts import clean, plain, plain_json, plural
from . import FAILED, FOUND, NOTHING
from .render import API_VERSION, size, wrapped

NOT_LOOKED_AT = "not_looked_at"
"""The state of what nobody knows the state of."""

CHUNK = 500
"""So many lines share the widths of their columns, as kubectl does it."""

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Line:
    """One recovery point towards one destination; without a point, a destination of which not even that is known."""

    policy: str
    destination: str
    state: str
    point: RecoveryPoint | None = None
    reason: str | None = None
    message: str = ""
    vault: str = ""
    wait: Wait | None = None
    standing: Standing | None = None

    @classmethod
    def of(cls, policy: str, destination: Destination, standing: Standing, wait: Wait | None) -> Line:
        """Return the line of a recovery point that was judged."""
        reason = standing.reason
        words = standing.message or (EXPLANATIONS[reason].meaning if reason is not None else "")
        return cls(
            policy,
            destination.name,
            str(standing.state),
            standing.point,
            str(reason) if reason is not None else None,
            clean(words),
            destination.vault.arn,
            wait,
            standing,
        )

    @property
    def created(self) -> datetime:
        """When the recovery point was created; what is not known comes first."""
        return self.point.created if self.point is not None else _NEVER

    @property
    def job(self) -> CopyJob | None:
        """The last copy job that AWS shows of it."""
        return self.standing.job if self.standing is not None else None

    @property
    def copy(self) -> RecoveryPoint | None:
        """What lies in the destination for it."""
        return self.standing.copy if self.standing is not None else None

    @property
    def again(self) -> Again | None:
        """Whether trying again helps."""
        return waits.again(self.standing) if self.standing is not None else None


def row(line: Line) -> dict[str, Any]:
    """Return a line for machines; every member is there, and null where there is nothing to say."""
    point, wait, job, copy = line.point, line.wait, line.job, line.copy
    return {
        "policy": line.policy,
        "destination": line.destination,
        "resource": point.resource_arn if point else None,
        "resourceType": point.resource_type if point else None,
        "recoveryPoint": point.arn if point else None,
        "created": instant(point.created) if point else None,
        "bytes": point.size if point else None,
        "state": line.state,
        "reason": line.reason,
        "message": line.message or None,
        "waitsFor": wait.what if wait else None,
        "waitsUntil": instant(wait.until) if wait else None,
        "whoActs": (wait.who or None) if wait else None,
        "remedy": (wait.remedy or None) if wait else None,
        "tryAgain": line.again,
        "copy": copy.arn if copy else None,
        "copyJob": job.id if job else None,
        "copyJobState": job.state if job else None,
    }


MEMBERS = tuple(row(Line("", "", "")))


def emit(
    lines: Iterable[Line],
    output: str,
    *,
    fully: bool = False,
    faults: Sequence[Mapping[str, Any]] = (),
    width: int | None = None,
) -> Counter[str]:
    """Print lines as they come, a table no wider than ``width``, and return how many of each state there were."""
    counted: Counter[str] = Counter()

    def counting() -> Iterator[Line]:
        for each in lines:
            counted[each.state] += 1
            yield each

    match output:
        case "json":
            _json(counting(), counted, faults)
        case "csv":
            _csv(counting())
        case _ if fully:
            for each in counting():
                click.echo("\n".join(map(plain, sentences(each))))
        case "wide":
            _table(counting(), _WIDE, None)
            click.echo(last_line(counted))
        case _:
            dark = dict[str, None]()
            _table(_noting(counting(), dark), _NARROW, width)
            for why in dark:
                click.echo("\n".join(wrapped(why, width, "!  ", "   ")))
            click.echo(last_line(counted))
    return counted


def exit_code(counted: Mapping[str, int], *, hopeless: bool = False) -> int:
    """Return 1 when something was not looked at, 2 when something lacks its copy or can have none, 0 otherwise."""
    if counted.get(NOT_LOOKED_AT):
        return FAILED
    return FOUND if hopeless or any(counted.get(each) for each in GAP_STATES) else NOTHING


def last_line(counted: Mapping[str, int]) -> str:
    """Sum up."""
    known = {state: count for state, count in counted.items() if state != NOT_LOOKED_AT}
    told = ", ".join(f"{count:,} {state.replace('_', ' ')}" for state, count in sorted(known.items()))
    unseen = counted.get(NOT_LOOKED_AT, 0)
    words = f"{plural(sum(known.values()), 'line')}{': ' if told else ''}{told}."
    return f"{words} {plural(unseen, 'line')} of what could not be looked at." if unseen else words


# --- Machines ------------------------------------------------------------------------------------------------------


def _json(lines: Iterable[Line], counted: Mapping[str, int], faults: Sequence[Mapping[str, Any]]) -> None:
    """Print a document whose summary comes last: it is not known before."""
    click.echo(f'{{\n  "apiVersion": "{API_VERSION}",\n  "kind": "RecoveryPointList",\n  "points": [', nl=False)
    before = "\n"
    for chunk in _chunks(lines):
        click.echo(before + ",\n".join(f"    {_one(row(each))}" for each in chunk), nl=False)
        before = ",\n"
    summary = {"lines": sum(counted.values()), "states": dict(sorted(counted.items()))}
    end = f',\n  "faults": {_one(list(faults))}' if faults else ""
    click.echo(f'\n  ],\n  "summary": {_one(summary)}{end}\n}}')


def _one(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    return plain_json(json.dumps(value, ensure_ascii=False))


def _csv(lines: Iterable[Line]) -> None:
    written = csv.writer(sys.stdout, lineterminator="\n")
    written.writerow(MEMBERS)
    written.writerows(map(_cell, row(each).values()) for each in lines)


def _cell(value: object) -> str:
    """Write a value so that no spreadsheet takes it for a formula."""
    text = "" if value is None else plain(str(value))
    # Some read wide letters as plain ones, and pass over blanks.
    first = unicodedata.normalize("NFKC", text.lstrip()[:1])
    return f"'{text}" if first[:1] in {"=", "+", "-", "@"} else text


# --- People --------------------------------------------------------------------------------------------------------

_Columns: TypeAlias = tuple[tuple[str, Callable[[Line], str | None]], ...]

_WIDE: _Columns = (
    ("CREATED", lambda line: instant(line.point.created) if line.point else None),
    ("STATE", lambda line: line.state),
    ("REASON", lambda line: line.reason),
    ("POLICY", lambda line: line.policy),
    ("DESTINATION", lambda line: line.destination),
    ("RECOVERY POINT", lambda line: line.point.arn if line.point else None),
    ("RESOURCE", lambda line: line.point.resource_arn if line.point else None),
    ("COPY", lambda line: line.copy.arn if line.copy else None),
    ("COPY JOB", lambda line: line.job.id if line.job else None),
    ("UNTIL", lambda line: instant(line.wait.until) if line.wait else None),
    ("TRY AGAIN", lambda line: str(line.again).replace("_", " ") if line.again else None),
    ("WAITS FOR", lambda line: line.wait.what if line.wait else None),
    ("MESSAGE", lambda line: line.message),
)


_NARROW: _Columns = (
    ("CREATED", lambda line: instant(line.point.created) if line.point else None),
    ("STATE", lambda line: line.state),
    ("REASON", lambda line: line.reason),
    ("RECOVERY POINT", lambda line: _name(line.point.arn) if line.point else None),
    ("RESOURCE", lambda line: _name(line.point.resource_arn or "") if line.point else None),
    ("POLICY", lambda line: line.policy),
    ("DESTINATION", lambda line: line.destination),
    ("UNTIL", lambda line: instant(line.wait.until) if line.wait else None),
    ("WAITS FOR", lambda line: line.wait.what if line.wait else None),
)
"""What fits on a terminal: names without what all begin with. What matters least is last, and left out first."""
_LEAST = 4
"""So many of them are never left out."""
_GAP = "   "


def _name(arn: str) -> str:
    """Return what tells a thing from others of its account: ``snap-0a1b`` of ``arn:aws:ec2:…:snapshot/snap-0a1b``."""
    return arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def _noting(lines: Iterable[Line], dark: dict[str, None]) -> Iterator[Line]:
    """Yield the same, and note once each why something could not be looked at."""
    for each in lines:
        if each.state == NOT_LOOKED_AT:
            to = f" → {each.destination}" if each.destination else ""
            dark[plain(f"{each.policy}{to} could not be looked at: {each.reason}: {each.message}")] = None
        yield each


def _table(lines: Iterable[Line], columns: _Columns, room: int | None) -> None:
    """Print columns as wide as the longest text of the lines so far, a chunk at a time.

    What the first chunk has no room for is left out, from the last column on.
    """
    widths = [len(name) for name, _ in columns]
    head: tuple[tuple[str, ...], ...] = (tuple(name for name, _ in columns),)
    for chunk in _chunks(lines):
        rows = tuple(tuple(plain(tell(each) or "-") for _, tell in columns) for each in chunk)
        widths = [max(width, *map(len, column)) for width, column in zip(widths, zip(*rows, strict=True), strict=True)]
        if head and room is not None:
            while len(columns) > _LEAST and sum(widths) + len(_GAP) * (len(widths) - 1) > room:
                columns, widths, head = columns[:-1], widths[:-1], (head[0][:-1],)
        padded = (_GAP.join(map(str.ljust, cells, widths)).rstrip() for cells in (*head, *rows))
        click.echo("\n".join(padded))
        head = ()


def _chunks(lines: Iterable[Line]) -> Iterator[tuple[Line, ...]]:
    """Yield them in bunches: to print each by itself would take longer than to judge it."""
    left = iter(lines)
    while chunk := tuple(islice(left, CHUNK)):
        yield chunk


def sentences(line: Line) -> list[str]:
    """Tell all that is known of one recovery point towards one destination."""
    told = [f"{line.policy} → {line.destination or '?'}: {_stands(line)}"]
    told += [f"  {each}" for each in (_of_point(line.point), *_of_wait(line), *_of_copy(line)) if each]
    return told


def _stands(line: Line) -> str:
    reason = f" ({line.reason})" if line.reason else ""
    return f"{line.state.replace('_', ' ')}{reason}.{' ' if line.message else ''}{line.message}"


def _of_point(point: RecoveryPoint | None) -> str:
    if point is None:
        return ""
    ends = f"expires at {instant(point.delete_at)}" if point.delete_at else "does not expire"
    cold = f", goes cold at {instant(point.cold_at)}" if point.cold_at else ""
    large = f", {size(point.size)}" if point.size else ""
    of = point.resource_arn or "a resource that AWS does not name"
    return (
        f"Recovery point {point.arn} of {of} ({point.resource_type or 'unknown type'}), created at"
        f" {instant(point.created)}{large}, is {point.status}, {ends}{cold}."
    )


def _of_wait(line: Line) -> Iterator[str]:
    wait, again = line.wait, line.again
    if wait is not None:
        until = instant(wait.until)
        yield (
            f"It waits for {wait.what}, until {until}."
            if until
            else f"It waits for {wait.what}; until when is not known."
        )
        if wait.remedy:
            yield f"To be done by the {wait.who or 'platform team'}: {wait.remedy}"
    elif line.reason and line.reason in set(Reason) and EXPLANATIONS[Reason(line.reason)].remedy:
        yield f"What helps: {EXPLANATIONS[Reason(line.reason)].remedy}"
    match again:
        case Again.YES:
            yield "Trying again helps."
        case Again.ONCE_MENDED:
            yield "Trying again helps once that is done, and not before."
        case Again.NO:
            yield "Trying again does not help."
        case None:
            pass


def _of_copy(line: Line) -> Iterator[str]:
    job, copy = line.job, line.copy
    if copy is not None:
        ends = f"expires at {instant(copy.delete_at)}" if copy.delete_at else "does not expire"
        yield f"The copy {copy.arn} in {line.vault} is {copy.status}, {ends}."
    else:
        yield f"No copy of it is known in {line.vault}." if line.standing is not None else ""
    if job is not None:
        ended = f", ended at {instant(job.completed)}" if job.completed else ""
        said = f" It says: {clean(job.message)}" if job.message else ""
        attempts = line.standing.attempts if line.standing is not None else 0
        shown = f", the last of {attempts} that AWS shows" if attempts > 1 else ""
        yield f"Copy job {job.id}{shown}, begun at {instant(job.created)}{ended}, is {job.state}.{said}"
    elif line.standing is not None:
        yield "AWS shows no copy job of it; it forgets them after 30 days."
