"""From a manifest's body to :class:`Desired`: pure, total, and complete in its complaints.

Everything wrong with a body is reported at once, each fault with its field path. The CRD schemas refuse most faults
before they get here; what they cannot say is found here. Absent members get the same defaults as in the CRDs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from ..engine.model import (
    Account,
    Backfill,
    BackfillMode,
    Copying,
    DeletionPolicy,
    Desired,
    Destination,
    Lifecycle,
    Limits,
    Mode,
    Ownership,
    PolicyKey,
    Scope,
    VaultRef,
    is_region,
    partition_of,
)
from ..manifest.fields import Fault, Fields, show
from ..words.reasons import Reason
from .account.grants import (
    DEFAULT_COPY_ROLE,
    Allowance,
    AllowedNamespaces,
    Direction,
    Grant,
    Use,
    allowance,
    allowed_from,
    grants_from,
    key_name,
    only_namespace,
    role_name,
)

__all__ = ["AccountDeclaration", "Fault", "Rejected", "parse_account", "parse_policy"]

_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ROLE_NAME = r"[A-Za-z0-9_+=,.@/-]+"
_ROLE_ARN = re.compile(rf"arn:(?P<partition>aws|aws-cn|aws-us-gov):iam::(?P<account>[0-9]{{12}}):role/{_ROLE_NAME}")
_KEY_ALIAS = r"alias/[A-Za-z0-9/_-]+"
_NAMED_ROLE = re.compile(_ROLE_NAME)
_KEY_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):kms:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):"
    rf"(key/[A-Za-z0-9-]+|{_KEY_ALIAS})"
)
_KEY = re.compile(rf"{_KEY_ALIAS}|[0-9a-f-]{{36}}|mrk-[0-9a-f]{{32}}|{_KEY_ARN.pattern}")
_LONGEST_BACKOFF = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A body that cannot be worked with until somebody changes it (or the account it names)."""

    reason: Reason
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class AccountDeclaration:
    """A BackupAccount: the account, and who may use what of it.

    Attributes:
        allowed: The namespaces that may use all of it, both ways.
        grants: What others may use.
    """

    account: Account
    allowed: AllowedNamespaces
    grants: tuple[Grant, ...] = ()

    @property
    def is_limited(self) -> bool:
        """Whether some namespaces may use it in so many policies only."""
        return any(each.policies is not None for each in self.grants)

    def allowance(self, namespace: str, labels: Mapping[str, str], use: Use) -> Allowance:
        """Return whether, and how often, a namespace with these labels may use the account like this."""
        return allowance(self.allowed, self.grants, namespace, labels, use)


def _rejected(reason: Reason, faults: list[Fault]) -> Rejected:
    return Rejected(reason, tuple(dict.fromkeys(faults)))


# --- BackupAccount -------------------------------------------------------------------------------------------------


def parse_account(body: Mapping[str, Any]) -> AccountDeclaration | Rejected:
    """Parse a BackupAccount."""
    faults: list[Fault] = []
    manifest = Fields(body, "", faults)
    spec = manifest.object("spec", required=True)
    account_id = spec.text("accountId")
    if account_id and not _ACCOUNT_ID.fullmatch(account_id):
        spec.fault("accountId", f"must be the twelve digits of an AWS account, is {show(account_id)}")
    allowed, grants = allowed_from(spec.object("allowedNamespaces")), grants_from(spec)
    account = Account(
        name=manifest.object("metadata", required=True).text("name"),
        account_id=account_id,
        role_arn=_account_role(spec, account_id),
        external_id=spec.optional_text("externalId"),
        session_tags=spec.pairs("sessionTags"),
        regions=_account_regions(spec, spec.optional_text("roleArn")),
        limits=_limits(spec.object("limits")),
        namespace=only_namespace(allowed, grants),
        source_identity=spec.flag("sourceIdentity"),
    )
    if faults:
        return _rejected(Reason.INVALID_SPEC, faults)
    return AccountDeclaration(account, allowed, grants)


def _account_role(spec: Fields, account_id: str) -> str | None:
    role = spec.optional_text("roleArn")
    if not role:
        return None
    arn = _ROLE_ARN.fullmatch(role)
    if arn is None:
        words = "must be the ARN of a role, such as arn:aws:iam::111111111111:role/crossvault-source"
        spec.fault("roleArn", f"{words}; is {show(role)}")
    elif _ACCOUNT_ID.fullmatch(account_id) and arn["account"] != account_id:
        spec.fault("roleArn", f"must be a role of account {account_id} (accountId)")
    return role


def _account_regions(spec: Fields, role: str | None) -> tuple[str, ...]:
    regions = spec.texts("regions")
    good = [_check_region(spec, f"regions[{index}]", region) for index, region in enumerate(regions)]
    arn = _ROLE_ARN.fullmatch(role or "")
    if arn is not None and all(good) and any(partition_of(region) != arn["partition"] for region in regions):
        spec.fault("regions", f"must be Regions of {arn['partition']}, the AWS partition of roleArn")
    return regions


def _check_region(fields: Fields, name: str, region: str) -> bool:
    """A Region becomes part of the names of hosts, and of ARNs."""
    good = is_region(region)
    if region and not good:
        fields.fault(name, f"must be an AWS Region, such as eu-west-1; is {show(region)}")
    return good


def _limits(limits: Fields) -> Limits:
    default = Limits()
    return Limits(
        reads_per_second=limits.rate("readsPerSecond", default.reads_per_second),
        starts_per_second=limits.rate("startsPerSecond", default.starts_per_second),
        max_concurrent_copies=limits.integer("maxConcurrentCopies", default.max_concurrent_copies),
    )


# --- CrossAccountBackupPolicy --------------------------------------------------------------------------------------


NOBODY: Mapping[str, int] = MappingProxyType({})


def parse_policy(
    body: Mapping[str, Any],
    accounts: Mapping[str, AccountDeclaration],
    namespace_labels: Mapping[str, str],
    elders: Mapping[str, int] = NOBODY,
) -> Desired | Rejected:
    """Parse a CrossAccountBackupPolicy and resolve the accounts it names.

    An account that is missing, malformed, or not granted for this use gives the same Rejected.

    Args:
        body: The object.
        accounts: Every declared account by name.
        namespace_labels: Labels of the policy's namespace.
        elders: How many older policies of the namespace name each account, where their number is limited.
    """
    faults: list[Fault] = []
    manifest = Fields(body, "", faults)
    metadata = manifest.object("metadata", required=True)
    key = PolicyKey(metadata.text("namespace"), metadata.text("name"))
    directory = _Directory(key.namespace, namespace_labels, accounts, elders)
    spec = manifest.object("spec", required=True)
    source_fields = spec.object("source", required=True)
    source = directory.vault(source_fields, Direction.SOURCE)
    desired = Desired(
        key=key,
        source=source,
        copy_role_arn=_copy_role_arn(source_fields, source),
        destinations=_destinations(spec, source, directory),
        generation=metadata.integer("generation", 1, minimum=0),
        created=metadata.time("creationTimestamp"),
        deleting=metadata.has("deletionTimestamp"),
        mode=spec.choice("mode", Mode.ENFORCE),
        suspend=spec.flag("suspend"),
        scope=_scope(spec.object("recoveryPoints")),
        backfill=_backfill(spec.object("backfill")),
        copying=_copying(spec.object("copying")),
        max_copy_lag=spec.object("objectives").duration("maxCopyLag"),
        deletion_policy=spec.choice("deletionPolicy", DeletionPolicy.RETAIN),
    )
    if faults:
        return _rejected(Reason.INVALID_SPEC, [*faults, *directory.unresolved])
    if directory.unresolved:
        return _rejected(Reason.ACCOUNT_NOT_FOUND, directory.unresolved)
    if directory.crowded:
        return _rejected(Reason.POLICY_LIMIT_REACHED, directory.crowded)
    return desired


class _Directory:
    """The accounts one namespace may use, and what was wrong with the ways it wanted to.

    Attributes:
        unresolved: Uses that no account lets through.
        crowded: Uses for which the namespace has too many policies.
    """

    __slots__ = ("_accounts", "_elders", "_labels", "_namespace", "crowded", "unresolved")

    def __init__(
        self,
        namespace: str,
        labels: Mapping[str, str],
        accounts: Mapping[str, AccountDeclaration],
        elders: Mapping[str, int],
    ) -> None:
        self._namespace = namespace
        self._labels = labels
        self._accounts = accounts
        self._elders = elders
        self.unresolved: list[Fault] = []
        self.crowded: list[Fault] = []

    def vault(self, fields: Fields, direction: Direction) -> VaultRef:
        """Read the vault of the source or of a destination, with its account resolved."""
        reference = fields.object("accountRef", required=True)
        vault = fields.object("vault", required=True)
        name = vault.text("name")
        if direction is Direction.SOURCE:
            use = Use(direction, name, copy_role=role_name(fields.text("copyRole", DEFAULT_COPY_ROLE)))
        else:
            use = Use(direction, name, key=key_name(vault.optional_text("encryptionKey") or ""))
        account = self._account(reference, use)
        region = fields.text("region")
        if _check_region(fields, "region", region):
            self._check_use(fields, account, region)
        return VaultRef(account, region, name)

    def _check_use(self, fields: Fields, account: Account, region: str) -> None:
        if account.regions and region not in account.regions:
            allowed = ", ".join(account.regions)
            fields.fault("region", f"{region} is not among the regions of BackupAccount {account.name} ({allowed})")
        if account.role_arn is not None and account.partition != partition_of(region):
            fields.fault("region", f"{region} is in another AWS partition than BackupAccount {account.name}")

    def _account(self, reference: Fields, use: Use) -> Account:
        name = reference.text("name")
        declared = self._accounts.get(name)
        found = declared.allowance(self._namespace, self._labels, use) if declared is not None else Allowance()
        if declared is not None and found.permitted:
            elders = self._elders.get(name, 0)
            if found.policies is not None and elders >= found.policies:
                message = (
                    f"namespace {self._namespace} may name BackupAccount {name} in {_policies(found.policies)}, and"
                    f" {elders} older than this one do. Delete one of those, or ask a cluster administrator to raise"
                    " limits.policies of the grant."
                )
                self.crowded.append(Fault(reference.at("name"), message))
            return declared.account
        if name and use.vault:
            message = (
                f'no BackupAccount "{name}" lets namespace {self._namespace} {use}. Ask a cluster administrator to'
                " create it, or to allow that in its spec.grants or spec.allowedNamespaces."
            )
            self.unresolved.append(Fault(reference.at("name"), message))
        return Account(name=name, account_id="")


def _policies(count: int) -> str:
    return "1 policy" if count == 1 else f"{count} policies"


def _copy_role_arn(fields: Fields, source: VaultRef) -> str:
    """Return the ARN of the copy role; a bare name belongs to the source account."""
    role = fields.text("copyRole", DEFAULT_COPY_ROLE)
    account_id, partition = source.account.account_id, partition_of(source.region)
    if role and not _NAMED_ROLE.fullmatch(role) and not _ROLE_ARN.fullmatch(role):
        words = f"must be the name of a role, such as {DEFAULT_COPY_ROLE}, or its ARN"
        fields.fault("copyRole", f"{words}; is {show(role)}")
        return role
    if not role.startswith("arn:"):
        return f"arn:{partition}:iam::{account_id}:role/{role_name(role)}"
    arn = _ROLE_ARN.fullmatch(role)
    if arn is not None and account_id and (arn["account"], arn["partition"]) != (account_id, partition):
        fields.fault("copyRole", f"must be a role of the source account {account_id} in partition {partition}")
    return role


def _destinations(spec: Fields, source: VaultRef, directory: _Directory) -> tuple[Destination, ...]:
    """Read the destinations; no two may be the same vault, and none may be in the source's account."""
    destinations: list[Destination] = []
    for fields in spec.objects("destinations"):
        destination = _destination(fields, directory)
        account = destination.vault.account
        if account.account_id and account.account_id == source.account.account_id:
            message = f"must be in another account than the source, is in {account.account_id} too"
            fields.fault("accountRef.name", message)
        for other in destinations:
            if destination.name and destination.name == other.name:
                fields.fault("name", f"another destination is named {other.name}, too")
            if account.account_id and destination.vault.arn == other.vault.arn:
                fields.fault("vault.name", f"is the same vault as that of destination {other.name}")
        destinations.append(destination)
    return tuple(destinations)


def _destination(fields: Fields, directory: _Directory) -> Destination:
    ref = directory.vault(fields, Direction.DESTINATION)
    vault = fields.object("vault")
    create = vault.flag("create")
    return Destination(
        name=fields.text("name"),
        vault=ref,
        create=create,
        encryption_key=_encryption_key(vault, ref, create=create),
        vault_policy=fields.choice("vaultPolicy", Ownership.MANAGE),
        lifecycle=_lifecycle(fields.object("lifecycle")) if fields.has("lifecycle") else None,
    )


def _encryption_key(fields: Fields, vault: VaultRef, *, create: bool) -> str | None:
    """Read the key that a vault is created with: a customer managed one of the vault's own account and Region.

    An alias and a key id are looked up there; an ARN may name anybody's. A vault takes no replica of a multi-Region
    key that lies in another Region: it is another key.
    """
    key = fields.optional_text("encryptionKey")
    if key is None:
        if create:
            words = "required with create, as copies from other accounts need a customer managed key"
            fields.fault("encryptionKey", words)
        return None
    wrong = _wrong_key(key, vault)
    if key and wrong:
        fields.fault("encryptionKey", wrong)
    elif key and not create:
        fields.fault("encryptionKey", "only with create; the key of an existing vault cannot be changed")
    return key


def _wrong_key(key: str, vault: VaultRef) -> str:
    """Say what is wrong with a key for a vault, in the words of the CRD as far as that can know."""
    if not _KEY.fullmatch(key):
        return f"must be an alias such as alias/orders-copies, a key id, or the ARN of either; is {show(key)}"
    if "alias/aws/" in key:
        words = "must be a customer managed key; AWS managed keys cannot be shared with other accounts"
        return f"{words}; is {show(key)}"
    arn = _KEY_ARN.fullmatch(key)
    if arn is None:
        return ""
    if is_region(vault.region) and (arn["region"], arn["partition"]) != (vault.region, partition_of(vault.region)):
        return f"must be a key in the Region of the vault, {vault.region}"
    account_id = vault.account.account_id
    if account_id and arn["account"] != account_id:
        return (
            f"must be a key of the destination account {account_id}, is of {arn['account']}: the vault is made in"
            f" {account_id} and would depend on a stranger's key. Name a key of that account, such as"
            " alias/orders-copies"
        )
    return ""


def _lifecycle(fields: Fields) -> Lifecycle:
    return Lifecycle(
        move_to_cold_storage_after_days=fields.optional_integer("moveToColdStorageAfterDays"),
        delete_after_days=fields.optional_integer("deleteAfterDays"),
    )


def _scope(fields: Fields) -> Scope:
    return Scope(
        resource_types=fields.texts("resourceTypes"),
        resources=fields.texts("resources"),
        exclude_resources=fields.texts("excludeResources"),
        min_remaining_days=fields.integer("minRemainingDays", Scope().min_remaining_days, minimum=0),
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
    )


# --- Names ---------------------------------------------------------------------------------------------------------


def accounts_named_by(body: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of the accounts a policy refers to, as far as its spec has the right shape."""
    spec = body.get("spec")
    if not isinstance(spec, Mapping):
        return frozenset()
    destinations = spec.get("destinations")
    sides: Iterable[Any] = [spec.get("source"), *(destinations if isinstance(destinations, list) else ())]
    names = (_account_name(side) for side in sides)
    return frozenset(name for name in names if name)


def elders_of(
    body: Mapping[str, Any], others: Iterable[Mapping[str, Any]], accounts: Mapping[str, AccountDeclaration]
) -> Mapping[str, int]:
    """Count the older policies of the same namespace that name an account, for accounts that limit their number.

    Args:
        body: The policy.
        others: All policies that may name the same accounts; this one, and such of other namespaces, are not counted.
        accounts: Every declared account by name.
    """
    limited = {name for name in accounts_named_by(body) if name in accounts and accounts[name].is_limited}
    if not limited:
        return NOBODY
    mine = seniority(body)
    counted: Counter[str] = Counter()
    for each in others:
        metadata = each["metadata"]
        if metadata.get("namespace") == body["metadata"].get("namespace") and not metadata.get("deletionTimestamp"):
            counted.update(accounts_named_by(each) & limited if seniority(each) < mine else ())
    return counted


def seniority(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return what orders the policies of a namespace by age; those of files have none, come last, and go by name."""
    metadata = body["metadata"]
    return str(metadata.get("creationTimestamp") or "9999"), str(metadata.get("name"))


def _account_name(side: object) -> str | None:
    ref = side.get("accountRef") if isinstance(side, Mapping) else None
    name = ref.get("name") if isinstance(ref, Mapping) else None
    return name if isinstance(name, str) else None
