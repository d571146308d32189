"""A pass over one BackupAccount: its identity is verified, and what its role shows is reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ...engine.parts import Parts
from ...engine.rounds import Aws
from ...engine.wants import WANTED, Want
from ...status.outcome import Cadence, Outcome
from ...status.unseen import summarise_unfinished
from ...words.problems import Problem
from ..kind import Body, Clock
from ..rejected import Rejected
from . import status
from .parse import parse_account


@dataclass(frozen=True, slots=True)
class AccountRequest:
    """Everything but AWS that a pass over one BackupAccount looks at.

    Attributes:
        body: The BackupAccount object as the API server has it.
        not_before: No observation may be older than this.
        twins: Other accounts that are entered in the same way.
        wants: What all that names the account wants of its role.
    """

    body: Body
    not_before: datetime
    twins: tuple[str, ...] = ()
    wants: tuple[Want, ...] = ()

    def reconcile(
        self, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool] = lambda: False
    ) -> Outcome:
        """Verify the account and report what its role shows. It changes nothing, so there is nothing to stop."""
        del stopping
        declared = parse_account(self.body)
        if isinstance(declared, Rejected):
            return status.summarise_rejected(declared, self.body, now=clock())
        around = Parts().having(WANTED, self.wants)
        sight = aws.look_at_account(declared.account, not_before=self.not_before, around=around)
        return status.summarise_account(
            sight, self.body, twins=self.twins, wants=self.wants, now=clock(), cadence=cadence
        )

    def unfinished(self, problem: Problem, *, now: datetime, cadence: Cadence) -> Outcome:
        """Say that the pass did not come to its end."""
        del cadence
        return summarise_unfinished(status.FACE, problem, self.body, now=now)
