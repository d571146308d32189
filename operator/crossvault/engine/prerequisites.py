"""What AWS needs before a copy can work: each row judged from what was seen, with reason, message and remedy.

Rows with more to them than a look have modules of their own: :mod:`copy_role`, :mod:`vault_key`, :mod:`retention`.
The order of the rows is the order in which a person would mend them. A row that could not be looked at is Unknown;
only identity, the two vaults and a policy that the operator keeps stop copies while unknown, because a copy that AWS
would accept must not wait for a permission to look.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

from ..aspects import copy_role, lifecycle, vault_policy
from ..aspects.vault import key
from ..words.explanations import EXPLANATIONS
from ..words.problems import ErrorClass, Problem
from ..words.reasons import Reason
from .model import (
    AccountSight,
    CreateVault,
    Desired,
    Destination,
    DestinationSight,
    Observed,
    Ownership,
    Postponed,
    Prerequisite,
    PutVaultPolicy,
    Result,
    Unseen,
)
from .rows import MET, UNMET, by_the_operator, met, no_vault, unknown, unmet

PROVEN_BEFORE_WRITES = frozenset({"Identity", "SourceVault", "SameOrganization"})
"""What has to be met before anything is written at a destination."""

CLEARS = {
    "SameOrganization": Reason.NOT_SAME_ORGANIZATION,
    "OrganizationToggle": Reason.FEATURE_NOT_ENABLED,
    "DestinationVault": Reason.DESTINATION_VAULT_MISSING,
    "VaultPolicy": Reason.COPY_DENIED,
    key.NAME: Reason.VAULT_KEY_UNSUITABLE,
    lifecycle.NAME: Reason.RETENTION_REFUSED,
}
"""Which failures of copy jobs a met prerequisite makes worth another try."""


def judge(desired: Desired, observed: Observed) -> tuple[Prerequisite, ...]:
    """Judge every prerequisite of every destination."""
    rows = [_identity("", observed.source), _source_vault(desired, observed), copy_role.judge(desired, observed)]
    for destination, sight in zip(desired.destinations, observed.destinations, strict=True):
        rows += [
            _identity(destination.name, sight.account),
            _same_organization(destination, observed.source, sight),
            _toggle(destination, observed.source),
        ]
        first = unproven(tuple(rows), destination.name)
        rows += [
            _destination_vault(desired, destination, sight, first),
            key.judge(desired, destination, sight),
            _vault_policy(desired, destination, observed.source, sight, first),
            lifecycle.judge(destination, sight),
        ]
    return tuple(rows)


def unproven(rows: tuple[Prerequisite, ...], destination: str) -> Prerequisite | None:
    """Return the first row because of which nothing is written at a destination; None when everything is proven.

    Who the source is, that its vault is there, and that both are of one organization has to be seen, not merely not
    disproved: a statement lets somebody in, and a vault is never taken away again. A copy role that is known to be
    missing would make AWS refuse the statement; one that could not be looked at may well be there.
    """
    for row in rows:
        if row.status is MET or row.destination not in {"", destination}:
            continue
        if row.name in PROVEN_BEFORE_WRITES or (row.name == copy_role.NAME and row.status is UNMET):
            return row
    return None


def block(rows: tuple[Prerequisite, ...], destination: str) -> bool:
    """Tell whether no copy may be started to ``destination``."""
    return any(row.blocks and row.status is not MET for row in rows if row.destination in ("", destination))


def hindered(
    rows: tuple[Prerequisite, ...], results: tuple[Result, ...], postponed: tuple[Postponed, ...] = ()
) -> tuple[Prerequisite, ...]:
    """Return the rows, with AWS's refusal in place of the remedy where the operator tried to mend one in vain."""
    refused: dict[tuple[str, str], str] = {}
    for each in results:
        if each.problem is not None and isinstance(each.action, CreateVault | PutVaultPolicy):
            refused[_mends(each.action), each.action.destination] = each.problem.message
    for one in postponed:
        at = f"{one.retry_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        refused[_mends(one.action), one.action.destination] = f"{one.problem.message} It is tried again at {at}."
    # A Deny stays what has to go first, whatever AWS said of our statement.
    mendable = (row.status is UNMET and row.reason is not Reason.VAULT_POLICY_DENIES for row in rows)
    return tuple(
        replace(row, remedy=refused.get((row.name, row.destination), row.remedy)) if ours else row
        for row, ours in zip(rows, mendable, strict=True)
    )


def _mends(action: CreateVault | PutVaultPolicy) -> str:
    return "DestinationVault" if isinstance(action, CreateVault) else "VaultPolicy"


def cleared(rows: tuple[Prerequisite, ...], destination: str) -> frozenset[Reason]:
    """Return the failure reasons that the met prerequisites of a destination have removed."""
    return frozenset(
        CLEARS[row.name] for row in rows if row.destination == destination and row.name in CLEARS and _clears(row)
    )


def _clears(row: Prerequisite) -> bool:
    """Where copies inherit their retention, each point is held by the lock or not; a refusal of before says no more."""
    inherited = row.name == lifecycle.NAME and row.reason is Reason.RETENTION_OUT_OF_BOUNDS and not row.blocks
    return row.status is MET or inherited


def _identity(destination: str, sight: AccountSight) -> Prerequisite:
    account = sight.account
    if isinstance(sight.identity, Unseen):
        problem = sight.identity.problem
        if problem.error_class is ErrorClass.STUCK:
            # Not a look that failed: AWS answered, and only somebody can make the answer another one.
            return unmet("Identity", destination, problem.reason, problem.message, EXPLANATIONS[problem.reason].remedy)
        return unknown("Identity", destination, problem, blocks=True)
    return met("Identity", destination, f"Account {account.name} is {account.account_id}.")


def _source_vault(desired: Desired, observed: Observed) -> Prerequisite:
    vault, look = desired.source, observed.source_vault
    if isinstance(look, Unseen):
        return _unseen_vault("SourceVault", "", look.problem, "spec.source.region")
    if look.value is None:
        return unmet(
            "SourceVault",
            "",
            Reason.SOURCE_VAULT_MISSING,
            f"Account {vault.account.name} has no vault {vault.name} in {vault.region}.",
            "Correct spec.source.vault.name or spec.source.region.",
        )
    return met("SourceVault", "", f"Vault {vault.name} exists.")


def _unseen_vault(name: str, destination: str, problem: Problem, field: str) -> Prerequisite:
    row = unknown(name, destination, problem, blocks=True)
    if problem.reason is not Reason.REGION_DOUBTFUL:
        return row
    remedy = f"Correct {field}; a Region newer than this release works once its BackupAccount lists it."
    return replace(row, remedy=remedy)


def _same_organization(destination: Destination, source: AccountSight, sight: DestinationSight) -> Prerequisite:
    name = "SameOrganization"
    for look in (source.organization, sight.account.organization):
        if isinstance(look, Unseen):
            return unknown(name, destination.name, look.problem)
        if look.value is None:
            account = source.account if look is source.organization else sight.account.account
            return unmet(
                name,
                destination.name,
                Reason.NO_ORGANIZATION,
                f"Account {account.name} ({account.account_id}) is in no organization.",
                "Let the account join the organization of the other one; AWS copies between members only.",
            )
    ours = source.organization.value if not isinstance(source.organization, Unseen) else None
    theirs = sight.account.organization.value if not isinstance(sight.account.organization, Unseen) else None
    if ours is None or theirs is None or ours.id != theirs.id:
        return unmet(
            name,
            destination.name,
            Reason.DIFFERENT_ORGANIZATION,
            f"Accounts {source.account.name} and {sight.account.account.name} are in different organizations.",
            "Move one of the accounts; AWS copies between members of one organization only.",
        )
    return met(name, destination.name, f"Both accounts are members of {ours.id}.")


def _toggle(destination: Destination, source: AccountSight) -> Prerequisite:
    name, look = "OrganizationToggle", source.cross_account_backup
    if look is None:
        raise ValueError("the switch is asked of the source's account")
    if isinstance(look, Unseen):
        return unknown(name, destination.name, look.problem)
    if not look.value:
        return unmet(
            name,
            destination.name,
            Reason.CROSS_ACCOUNT_BACKUP_OFF,
            "Cross-account backup is off in the organization.",
            "In the management account run: aws backup update-global-settings"
            " --global-settings isCrossAccountBackupEnabled=true (takes up to 15 minutes).",
        )
    return met(name, destination.name, "Cross-account backup is on in the organization.")


def _destination_vault(
    desired: Desired, destination: Destination, sight: DestinationSight, first: Prerequisite | None
) -> Prerequisite:
    name, ref = "DestinationVault", destination.vault
    if ref.name == "Default":
        return unmet(
            name,
            destination.name,
            Reason.DEFAULT_VAULT,
            "The vault Default cannot hold copies from another account.",
            "Name another vault in spec.destinations[].vault.name.",
        )
    if isinstance(sight.vault, Unseen):
        return _unseen_vault(name, destination.name, sight.vault.problem, "spec.destinations[].region")
    if sight.vault.value is None:
        remedy = "Set vault.create: true and vault.encryptionKey, or create the vault with a customer managed key."
        ours = False
        if destination.create:
            key_row = key.judge(desired, destination, sight)
            ours = key_row.status is MET or not key_row.blocks
            remedy = by_the_operator(desired, "creates the vault", first)
            if key_row.blocks and key_row.status is not MET:
                remedy = f"The operator cannot create it yet: {key_row.message} {key_row.remedy}".rstrip()
        return unmet(
            name,
            destination.name,
            Reason.DESTINATION_VAULT_MISSING,
            f"Account {ref.account.name} has no vault {ref.name} in {ref.region}.",
            remedy,
            ours=ours,
        )
    return met(name, destination.name, f"Vault {ref.name} exists.")


def _vault_policy(
    desired: Desired,
    destination: Destination,
    source: AccountSight,
    sight: DestinationSight,
    first: Prerequisite | None,
) -> Prerequisite:
    name = vault_policy.ROW
    if isinstance(sight.policy, Unseen):
        blocks = destination.vault_policy is Ownership.MANAGE
        return unknown(name, destination.name, sight.policy.problem, blocks=blocks)
    if not isinstance(sight.vault, Unseen) and sight.vault.value is None:
        return no_vault(name, destination, "policy")
    added = by_the_operator(desired, "adds the statement", first)
    row = vault_policy.row(
        desired, destination, vault_policy.caller_of(desired, source, sight), sight.policy.value, added
    )
    if row.reason is not Reason.VAULT_POLICY_MISSING or destination.vault_policy is not Ownership.MANAGE:
        return row
    return vault_policy.hindered(row, desired, destination, sight.policy.value) or replace(row, ours=True)
