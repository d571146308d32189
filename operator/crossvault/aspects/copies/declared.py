"""What is declared of copies: which recovery points, how many at once, how again, and how soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from ...engine.declared import EVERYTHING, PolicyKey, Scope
from ...engine.parts import Part, Parts
from ...engine.plan import Declaring
from ...manifest.fields import Fields
from ..lifecycle import Lifecycle

_LONGEST_BACKOFF = timedelta(hours=24)
_LONGEST_GRACE = timedelta(days=30)


class BackfillMode(StrEnum):
    """Which recovery points older than the policy are in scope."""

    NONE = "None"
    LATEST = "Latest"
    SINCE = "Since"
    ALL = "All"


@dataclass(frozen=True, slots=True)
class Backfill:
    """How far back the policy reaches; ``since`` only with mode Since."""

    mode: BackfillMode = BackfillMode.LATEST
    since: datetime | None = None


class Uncertain(StrEnum):
    """What is done about a recovery point of which it cannot be told whether it has a copy."""

    HOLD = "Hold"
    ASSUME_MISSING = "AssumeMissing"
    ASSUME_COPIED = "AssumeCopied"


@dataclass(frozen=True, slots=True)
class Copying:
    """How many copies at once, how failed ones are tried again, and what is done in doubt.

    ``plan_grace`` is how long a copy is left to the policy's own plan, from when the backup is complete.
    """

    max_concurrent: int = 20
    max_attempts: int = 5
    backoff: timedelta = timedelta(minutes=15)
    when_uncertain: Uncertain = Uncertain.HOLD
    plan_grace: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Copies:
    """All that a policy declares of its copies; ``max_copy_lag`` None for no objective."""

    backfill: Backfill = Backfill()
    copying: Copying = Copying()
    max_copy_lag: timedelta | None = None


COPIES: Part[Copies] = Part("copies", Copies())


def policy(declaring: Declaring) -> Parts:
    """Read ``backfill``, ``copying`` and ``objectives`` of a policy."""
    spec = declaring.fields
    return Parts().having(
        COPIES,
        Copies(
            backfill=_backfill(spec.object("backfill")),
            copying=_copying(spec.object("copying")),
            max_copy_lag=spec.object("objectives").duration("maxCopyLag"),
        ),
    )


def _backfill(fields: Fields) -> Backfill:
    mode = fields.choice("mode", Backfill().mode)
    since = fields.time("since")
    if mode is BackfillMode.SINCE and not fields.has("since"):
        fields.fault("since", "is required with mode Since")
    return Backfill(mode=mode, since=since)


def _copying(fields: Fields) -> Copying:
    default = Copying()
    retry = fields.object("retry")
    return Copying(
        max_concurrent=fields.integer("maxConcurrent", default.max_concurrent),
        max_attempts=retry.integer("maxAttempts", default.max_attempts),
        backoff=retry.duration("backoff", maximum=_LONGEST_BACKOFF) or default.backoff,
        when_uncertain=fields.choice("whenUncertain", default.when_uncertain),
        plan_grace=fields.duration("planGracePeriod", maximum=_LONGEST_GRACE) or default.plan_grace,
    )


# --- What others declare -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sharing:
    """Who copies out of the AWS account that a policy copies out of.

    Attributes:
        namespaces: In so many namespaces there are policies that do, its own included.
        vaults: Between which vaults those of its own namespace declare to, suspended ones included: ARNs of source and
            destination.
        waiting: How many copies each other policy of its own namespace has under way that waits for a place in the
            account, as of its last pass; the fewest first.
    """

    namespaces: int = 1
    vaults: frozenset[tuple[str, str]] = frozenset()
    waiting: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What a policy declares for its copies between two vaults, as others that do the same see it.

    Attributes:
        vaults: ARNs of the source and of the destination vault.
        lifecycle: How long copies are to live.
        acts: It is neither suspended nor only observing, so that copies can be left to it.
        scope, backfill, created: Which recovery points it means.
        account_id: The AWS account that it copies out of.
    """

    key: PolicyKey
    vaults: tuple[str, str]
    lifecycle: Lifecycle | None
    acts: bool = True
    scope: Scope = EVERYTHING
    backfill: Backfill = Backfill(BackfillMode.ALL)
    created: datetime | None = None
    account_id: str = ""


NEIGHBOURS: Part[tuple[Neighbour, ...]] = Part("neighbours", ())
"""What other policies declare for the same pairs of vaults."""

SHARING: Part[Sharing] = Part("sharing", Sharing())
"""Who else copies out of the source's account."""
