"""A pass over one BackupAccount: its identity is verified, and what its role shows is reported."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ...engine.rounds import Aws
from ...status.outcome import Cadence, Outcome
from ..rejected import Rejected
from . import status
from .parse import parse_account


def reconcile_account(
    body: Mapping[str, Any],
    aws: Aws,
    *,
    twins: tuple[str, ...] = (),
    not_before: datetime,
    clock: Callable[[], datetime],
    cadence: Cadence,
) -> Outcome:
    """Verify one BackupAccount and report what its role shows; ``twins`` are others that enter in the same way."""
    declared = parse_account(body)
    if isinstance(declared, Rejected):
        return status.summarise_rejected(declared, body, now=clock())
    sight = aws.look_at_account(declared.account, not_before=not_before)
    return status.summarise_account(sight, body, twins=twins, now=clock(), cadence=cadence)
