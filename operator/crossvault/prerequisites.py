"""What AWS needs before a copy can work: each row judged from what was seen, with reason, message and remedy.

The order of the rows is the order in which a person would mend them. A row that could not be looked at is Unknown;
only identity, the two vaults and a policy that the operator keeps stop copies while unknown, because a copy that AWS
would accept must not wait for a permission to look.
"""

from __future__ import annotations

from dataclasses import replace

from .errors import ErrorClass, Problem
from .explanations import EXPLANATIONS
from .model import (
    AccountSight,
    CreateVault,
    Desired,
    Destination,
    DestinationSight,
    Look,
    Mode,
    Observed,
    Ownership,
    Prerequisite,
    PrerequisiteStatus,
    PutVaultPolicy,
    Result,
    Unseen,
    Vault,
)
from .reasons import Reason
from .vaultpolicy import Caller, MalformedPolicyError, Verdict, sid_of, verdict

MET, UNMET, UNKNOWN = PrerequisiteStatus.MET, PrerequisiteStatus.UNMET, PrerequisiteStatus.UNKNOWN

FULLY_MANAGED_TYPES = frozenset(
    {"S3", "EFS", "DynamoDB", "Timestream", "VirtualMachine", "SAP HANA on Amazon EC2", "DSQL", "EKS"}
)
"""Types with full AWS Backup management; copies of all others need a customer managed key at the destination."""

CLEARS = {
    "SameOrganization": Reason.NOT_SAME_ORGANIZATION,
    "OrganizationToggle": Reason.FEATURE_NOT_ENABLED,
    "DestinationVault": Reason.DESTINATION_VAULT_MISSING,
    "VaultPolicy": Reason.COPY_DENIED,
    "VaultKey": Reason.VAULT_KEY_UNSUITABLE,
    "VaultLockBounds": Reason.RETENTION_REFUSED,
}
"""Which failures of copy jobs a met prerequisite makes worth another try."""


def judge(desired: Desired, observed: Observed) -> tuple[Prerequisite, ...]:
    """Judge every prerequisite of every destination."""
    rows = [_identity("", observed.source), _source_vault(desired, observed)]
    for destination, sight in zip(desired.destinations, observed.destinations, strict=True):
        rows += [
            _identity(destination.name, sight.account),
            _same_organization(destination, observed.source, sight),
            _toggle(destination, observed.source),
            _destination_vault(desired, destination, sight, observed.source_vault),
            _vault_key(desired, destination, sight),
            _vault_policy(desired, destination, observed.source, sight),
            _lock_bounds(destination, sight),
        ]
    return tuple(rows)


def block(rows: tuple[Prerequisite, ...], destination: str) -> bool:
    """Tell whether no copy may be started to ``destination``."""
    return any(row.blocks and row.status is not MET for row in rows if row.destination in ("", destination))


def hindered(rows: tuple[Prerequisite, ...], results: tuple[Result, ...]) -> tuple[Prerequisite, ...]:
    """Return the rows, with AWS's refusal in place of the remedy where the operator tried to mend one in vain."""
    refused: dict[tuple[str, str], str] = {}
    for each in results:
        if each.problem is not None and isinstance(each.action, CreateVault | PutVaultPolicy):
            name = "DestinationVault" if isinstance(each.action, CreateVault) else "VaultPolicy"
            refused[name, each.action.destination] = each.problem.message
    return tuple(
        replace(row, remedy=refused.get((row.name, row.destination), row.remedy)) if row.status is UNMET else row
        for row in rows
    )


def cleared(rows: tuple[Prerequisite, ...], destination: str) -> frozenset[Reason]:
    """Return the failure reasons that the met prerequisites of a destination have removed."""
    return frozenset(
        CLEARS[row.name] for row in rows if row.destination == destination and row.status is MET and row.name in CLEARS
    )


def _unknown(name: str, destination: str, problem: Problem, *, blocks: bool = False) -> Prerequisite:
    return Prerequisite(name, destination, UNKNOWN, problem.reason, problem.message, blocks=blocks)


def _no_vault(name: str, destination: Destination, what: str) -> Prerequisite:
    """Return the row about something of a vault that is not there; what blocks is that it is not there."""
    message = f"There is no vault whose {what} to judge."
    return Prerequisite(name, destination.name, UNKNOWN, Reason.DESTINATION_VAULT_MISSING, message)


def _unmet(
    name: str, destination: str, reason: Reason, message: str, remedy: str, *, ours: bool = False
) -> Prerequisite:
    return Prerequisite(name, destination, UNMET, reason, message, remedy, blocks=True, ours=ours)


def _by_the_operator(desired: Desired, does: str) -> str:
    """Return the remedy for what the operator mends itself, unless the policy holds it back."""
    held = [
        *(["spec.suspend: false"] if desired.suspend else []),
        *(["spec.mode: Enforce"] if desired.mode is Mode.OBSERVE else []),
    ]
    return f"Set {' and '.join(held)}: the operator then {does}." if held else f"Nothing: the operator {does}."


def _met(name: str, destination: str, message: str) -> Prerequisite:
    return Prerequisite(name, destination, MET, Reason.ALL_MET, message)


def _identity(destination: str, sight: AccountSight) -> Prerequisite:
    account = sight.account
    if isinstance(sight.identity, Unseen):
        problem = sight.identity.problem
        if problem.error_class is ErrorClass.STUCK:
            # Not a look that failed: AWS answered, and only somebody can make the answer another one.
            return _unmet("Identity", destination, problem.reason, problem.message, EXPLANATIONS[problem.reason].remedy)
        return _unknown("Identity", destination, problem, blocks=True)
    return _met("Identity", destination, f"Account {account.name} is {account.account_id}.")


def _source_vault(desired: Desired, observed: Observed) -> Prerequisite:
    vault, look = desired.source, observed.source_vault
    if isinstance(look, Unseen):
        return _unknown("SourceVault", "", look.problem, blocks=True)
    if look.value is None:
        return _unmet(
            "SourceVault",
            "",
            Reason.SOURCE_VAULT_MISSING,
            f"Account {vault.account.name} has no vault {vault.name} in {vault.region}.",
            "Correct spec.source.vault.name or spec.source.region.",
        )
    return _met("SourceVault", "", f"Vault {vault.name} exists.")


def _same_organization(destination: Destination, source: AccountSight, sight: DestinationSight) -> Prerequisite:
    name = "SameOrganization"
    for look in (source.organization, sight.account.organization):
        if isinstance(look, Unseen):
            return _unknown(name, destination.name, look.problem)
        if look.value is None:
            account = source.account if look is source.organization else sight.account.account
            return _unmet(
                name,
                destination.name,
                Reason.NO_ORGANIZATION,
                f"Account {account.name} ({account.account_id}) is in no organization.",
                "Let the account join the organization of the other one; AWS copies between members only.",
            )
    ours = source.organization.value if not isinstance(source.organization, Unseen) else None
    theirs = sight.account.organization.value if not isinstance(sight.account.organization, Unseen) else None
    if ours is None or theirs is None or ours.id != theirs.id:
        return _unmet(
            name,
            destination.name,
            Reason.DIFFERENT_ORGANIZATION,
            f"Accounts {source.account.name} and {sight.account.account.name} are in different organizations.",
            "Move one of the accounts; AWS copies between members of one organization only.",
        )
    return _met(name, destination.name, f"Both accounts are members of {ours.id}.")


def _toggle(destination: Destination, source: AccountSight) -> Prerequisite:
    name, look = "OrganizationToggle", source.cross_account_backup
    if isinstance(look, Unseen):
        return _unknown(name, destination.name, look.problem)
    if not look.value:
        return _unmet(
            name,
            destination.name,
            Reason.CROSS_ACCOUNT_BACKUP_OFF,
            "Cross-account backup is off in the organization.",
            "In the management account run: aws backup update-global-settings"
            " --global-settings isCrossAccountBackupEnabled=true (takes up to 15 minutes).",
        )
    return _met(name, destination.name, "Cross-account backup is on in the organization.")


def _destination_vault(
    desired: Desired, destination: Destination, sight: DestinationSight, source: Look[Vault | None]
) -> Prerequisite:
    name, ref = "DestinationVault", destination.vault
    if ref.name == "Default":
        return _unmet(
            name,
            destination.name,
            Reason.DEFAULT_VAULT,
            "The vault Default cannot hold copies from another account.",
            "Name another vault in spec.destinations[].vault.name.",
        )
    if isinstance(sight.vault, Unseen):
        return _unknown(name, destination.name, sight.vault.problem, blocks=True)
    if sight.vault.value is None:
        remedy = "Set vault.create: true and vault.encryptionKey, or create the vault with a customer managed key."
        ours = destination.create and _wanted_key(destination, sight).status is MET
        if destination.create:
            key_row = _wanted_key(destination, sight)
            remedy = _by_the_operator(desired, "creates the vault")
            if not isinstance(source, Unseen) and source.value is None:
                # Nothing is made for a source that is not there.
                remedy = "Mend SourceVault: the operator then creates the vault."
            if not ours:
                remedy = f"The operator cannot create it yet: {key_row.message} {key_row.remedy}".rstrip()
        return _unmet(
            name,
            destination.name,
            Reason.DESTINATION_VAULT_MISSING,
            f"Account {ref.account.name} has no vault {ref.name} in {ref.region}.",
            remedy,
            ours=ours,
        )
    return _met(name, destination.name, f"Vault {ref.name} exists.")


def _vault_key(desired: Desired, destination: Destination, sight: DestinationSight) -> Prerequisite:
    if isinstance(sight.vault, Unseen) or sight.vault.value is not None:
        return _existing_key(desired, destination, sight)
    return _wanted_key(destination, sight)


def _wanted_key(destination: Destination, sight: DestinationSight) -> Prerequisite:
    """Judge the key with which the vault is going to be created."""
    name, look, wanted = "VaultKey", sight.wanted_key, destination.encryption_key
    if not destination.create:
        return _no_vault(name, destination, "key")
    if isinstance(look, Unseen):
        return _unknown(name, destination.name, look.problem, blocks=True)
    where = f"in account {destination.vault.account.name} ({destination.vault.region})"
    if look.value is None:
        return _unmet(
            name,
            destination.name,
            Reason.KEY_NOT_FOUND,
            f"There is no key {wanted} {where}.",
            "Create the customer managed key, or correct spec.destinations[].vault.encryptionKey.",
        )
    if look.value.manager != "CUSTOMER" or look.value.state != "Enabled":
        return _unmet(
            name,
            destination.name,
            Reason.KEY_NOT_USABLE,
            f"Key {wanted} {where} is {look.value.state} and managed by {look.value.manager}.",
            "Name an enabled customer managed key in spec.destinations[].vault.encryptionKey.",
        )
    return _met(name, destination.name, f"Key {wanted} can be used.")


def _existing_key(desired: Desired, destination: Destination, sight: DestinationSight) -> Prerequisite:
    name, look = "VaultKey", sight.vault_key
    if isinstance(look, Unseen):
        return _unknown(name, destination.name, look.problem)
    key, vault = look.value, destination.vault.name
    encrypted_with = (
        None if isinstance(sight.vault, Unseen) or not sight.vault.value else sight.vault.value.encryption_key_arn
    )
    if key is None and encrypted_with is not None:
        return _unmet(
            name,
            destination.name,
            Reason.KEY_NOT_FOUND,
            f"The key {encrypted_with} of vault {vault} does not exist.",
            "A vault's key cannot be changed: name another vault.",
        )
    if key is not None and key.state != "Enabled":
        return _unmet(
            name,
            destination.name,
            Reason.KEY_NOT_USABLE,
            f"The key of vault {vault} is {key.state}.",
            "Enable the key, or cancel its deletion.",
        )
    types = desired.scope.resource_types
    needs_own_key = not types or any(each not in FULLY_MANAGED_TYPES for each in types)
    if needs_own_key and (key is None or key.manager != "CUSTOMER"):
        return _unmet(
            name,
            destination.name,
            Reason.AWS_MANAGED_VAULT_KEY,
            f"Vault {vault} is encrypted with a key that AWS manages; most resource types cannot be copied into it.",
            "A vault's key cannot be changed: name another vault with a customer managed key, "
            "or restrict spec.recoveryPoints.resourceTypes to types that AWS Backup manages in full.",
        )
    return _met(name, destination.name, f"The key of vault {vault} can be used.")


def _vault_policy(
    desired: Desired, destination: Destination, source: AccountSight, sight: DestinationSight
) -> Prerequisite:
    name, vault = "VaultPolicy", destination.vault.name
    if isinstance(sight.policy, Unseen):
        blocks = destination.vault_policy is Ownership.MANAGE
        return _unknown(name, destination.name, sight.policy.problem, blocks=blocks)
    if not isinstance(sight.vault, Unseen) and sight.vault.value is None:
        return _no_vault(name, destination, "policy")
    caller = Caller(
        desired.copy_role_arn, source.account.account_id, _organization_id(source), _organization_id(sight.account)
    )
    try:
        found = verdict(sight.policy.value, caller, destination.vault.arn)
    except MalformedPolicyError:
        found = Verdict.UNKNOWN
    if found is Verdict.ALLOWED:
        return _met(name, destination.name, f"Vault {vault} lets {desired.copy_role_arn} copy in.")
    if found is Verdict.UNKNOWN:
        message = (
            f"Whether vault {vault} lets {desired.copy_role_arn} copy in depends on conditions not seen from here."
        )
        return Prerequisite(name, destination.name, UNKNOWN, Reason.VAULT_POLICY_UNCLEAR, message)
    if found is Verdict.DENIED:
        return _unmet(
            name,
            destination.name,
            Reason.VAULT_POLICY_DENIES,
            f"A Deny statement in the policy of vault {vault} keeps {desired.copy_role_arn} from copying in.",
            "Remove or narrow that statement; the operator touches only its own.",
        )
    return _policy_missing(desired, destination)


def _organization_id(sight: AccountSight) -> str | None:
    """Return the organization as the evaluation of policies wants it: None unseen, empty for none."""
    if isinstance(sight.organization, Unseen):
        return None
    return sight.organization.value.id if sight.organization.value is not None else ""


def _policy_missing(desired: Desired, destination: Destination) -> Prerequisite:
    remedy = _by_the_operator(desired, "adds the statement")
    if destination.vault_policy is Ownership.CHECK:
        remedy = (
            f"Set vaultPolicy: Manage, or add a statement that allows {desired.copy_role_arn}"
            " the action backup:CopyIntoBackupVault."
        )
    return _unmet(
        "VaultPolicy",
        destination.name,
        Reason.VAULT_POLICY_MISSING,
        f"Vault {destination.vault.name} does not let {desired.copy_role_arn} copy in"
        f" (statement {sid_of(desired.copy_role_arn)}).",
        remedy,
        ours=destination.vault_policy is Ownership.MANAGE,
    )


def _lock_bounds(destination: Destination, sight: DestinationSight) -> Prerequisite:
    name = "VaultLockBounds"
    if isinstance(sight.vault, Unseen):
        return _unknown(name, destination.name, sight.vault.problem)
    vault = sight.vault.value
    if vault is None or not vault.locked:
        return _met(name, destination.name, "The vault is not locked.")
    days = destination.lifecycle.delete_after_days if destination.lifecycle else None
    if days is None or days < 0:
        # The copy inherits the expiry of each source point; AWS compares that one with the bounds.
        return Prerequisite(
            name,
            destination.name,
            UNKNOWN,
            Reason.RETENTION_OUT_OF_BOUNDS,
            f"Vault {vault.name} is locked to {_bounds(vault)}; copies inherit the retention of each source point.",
            "Set spec.destinations[].lifecycle.deleteAfterDays within the bounds.",
        )
    if days < (vault.min_retention_days or 0) or days > (vault.max_retention_days or days):
        return _unmet(
            name,
            destination.name,
            Reason.RETENTION_OUT_OF_BOUNDS,
            f"Copies would live {days} days in vault {vault.name}, whose lock allows {_bounds(vault)}.",
            "Set spec.destinations[].lifecycle.deleteAfterDays within the bounds.",
        )
    return _met(name, destination.name, f"{days} days are within the lock's bounds.")


def _bounds(vault: Vault) -> str:
    return f"{vault.min_retention_days or 1} to {vault.max_retention_days or 36500} days"
