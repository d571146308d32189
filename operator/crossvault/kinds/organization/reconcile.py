"""A pass over one BackupOrganization: look → judge → turn the switch where that is declared → look again → report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ...aspects import identity
from ...aspects.organization import former, switch
from ...aspects.organization.seen import DEPARTURES, MEMBERS, ORGANIZATION
from ...engine import rounds
from ...engine.looks import Unseen
from ...engine.observed import Sight
from ...engine.rounds import Aws
from ...engine.rows import MET
from ...status.outcome import Cadence, Outcome
from ...words.problems import Problem
from ..account.drawer import Accounts
from ..account.parse import AccountDeclaration
from ..kind import Body, Clock
from ..rejected import Rejected
from . import status
from .parse import OrganizationDeclaration, parse_organization, resolved
from .status import Picture


@dataclass(frozen=True, slots=True)
class OrganizationRequest:
    """Everything but AWS that a pass over one BackupOrganization looks at.

    Attributes:
        body: The BackupOrganization object as the API server (or a file) has it.
        accounts: Every declared BackupAccount by name.
        not_before: No observation may be older than this.
        rivals: What other BackupOrganizations declare of the same organization.
        holdings: What every policy last counted in the vaults that it copies into.
    """

    body: Body
    accounts: Accounts
    not_before: datetime
    rivals: tuple[switch.Keeper, ...] = ()
    holdings: tuple[former.Holding, ...] = ()

    def account_named(self) -> str:
        """Return the name of the BackupAccount; empty where the manifest names none."""
        declared = parse_organization(self.body)
        return declared.account if isinstance(declared, OrganizationDeclaration) else ""

    def reconcile(
        self, aws: Aws, *, clock: Clock, cadence: Cadence, stopping: Callable[[], bool] = lambda: False
    ) -> Outcome:
        """Keep the switch as declared, and report what is true now. For one that is to go nothing is written."""
        declared = self.parsed()
        if isinstance(declared, Rejected):
            return status.summarise_rejected(declared, self.body, now=clock())
        picture, actions = self._look(aws, *declared, clock())
        going = self.body["metadata"].get("deletionTimestamp") is not None
        results = () if going else rounds.apply(status.due(picture, actions), aws, stopping)
        if results:
            picture, _ = self._look(aws, *declared, clock())
        return status.summarise(picture, results, cadence=cadence)

    def plan(self, aws: Aws, now: datetime) -> tuple[Picture, tuple[switch.SetSwitch, ...]] | Rejected:
        """Look once and say what would be done; no mutating call is made."""
        declared = self.parsed()
        return declared if isinstance(declared, Rejected) else self._look(aws, *declared, now)

    def unfinished(self, problem: Problem, *, now: datetime, cadence: Cadence) -> Outcome:
        """Say that the pass did not come to its end."""
        del cadence
        return status.summarise_unfinished(problem, self.body, now=now)

    def parsed(self) -> tuple[switch.Keeper, AccountDeclaration] | Rejected:
        """Return what the organization declares, and the account that it names."""
        declared = parse_organization(self.body)
        if isinstance(declared, Rejected):
            return declared
        account = resolved(declared, self.accounts)
        return account if isinstance(account, Rejected) else (declared.keeper, account)

    def _look(
        self, aws: Aws, own: switch.Keeper, declared: AccountDeclaration, now: datetime
    ) -> tuple[Picture, tuple[switch.SetSwitch, ...]]:
        """Look and judge; of an account that is somebody else's nothing more is said."""
        sight = aws.look_at_organization(declared.account, not_before=self.not_before)
        who, leaks = identity.row(sight), self._leaks(sight, now)
        if who.status is not MET:
            return Picture(own, self.body, sight, (who,), leaks, now), ()
        if any(each.undated for each in leaks):
            sight = aws.look_at_organization(declared.account, not_before=self.not_before, departures=True)
            leaks = former.dated(leaks, sight[DEPARTURES])
        kept = switch.judge(own, self.rivals, sight)
        rows = (who, *kept.rows, former.judge(leaks, sight[MEMBERS]))
        return Picture(own, self.body, sight, rows, leaks, now), kept.actions

    def _leaks(self, sight: Sight, now: datetime) -> tuple[former.Leak, ...]:
        previous = self.body.get("status") or {}
        before = former.remembered(previous.get("formerMembers") or (), now)
        organization = sight[ORGANIZATION]
        if isinstance(organization, Unseen) or organization.value is None:
            return before
        if previous.get("organizationId", organization.value.id) != organization.value.id:
            before = ()  # the reference leads to another organization now
        return former.leaks(
            self.holdings,
            sight[MEMBERS],
            before,
            organization_id=organization.value.id,
            sources={name: each.account.account_id for name, each in self.accounts.items()},
            now=now,
        )
