"""From the body of a CrossAccountBackupPolicy to :class:`Desired`: pure, total, and complete in its complaints.

Everything wrong with a body is reported at once, each fault with its field path. The CRD schemas refuse most faults
before they get here; what they cannot say is found here. Absent members get the same defaults as in the CRDs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ...aspects import ROOMS
from ...aspects.copy_role import DEFAULT, role_name
from ...aspects.schedule.declared import FILES, KNOWN_PLAN, OWNER
from ...aspects.schedule.reading import FIELD, roles_in, vaults_in
from ...aspects.source_keys import manages_keys
from ...aspects.vault import makes_air_gapped, wants_lock
from ...aspects.vault_policy import grantee_in
from ...engine.declared import (
    Account,
    DeletionPolicy,
    Desired,
    Destination,
    Mode,
    PolicyKey,
    Scope,
    VaultRef,
    partition_of,
)
from ...engine.parts import Parts
from ...engine.plan import Declaring, Room
from ...manifest.fields import Fault, Fields
from ...words.reasons import Reason
from ...words.texts import plural
from ..account.grants import Allowance, Direction, Use, key_name
from ..account.parse import AccountDeclaration
from ..regions import check_region
from ..rejected import Rejected, rejected

KIND = "CrossAccountBackupPolicy"

NOBODY: Mapping[str, int] = MappingProxyType({})


def parse_policy(
    body: Mapping[str, Any],
    accounts: Mapping[str, AccountDeclaration],
    namespace_labels: Mapping[str, str],
    elders: Mapping[str, int] = NOBODY,
    rooms: Sequence[Room] = ROOMS,
) -> Desired | Rejected:
    """Parse a CrossAccountBackupPolicy and resolve the accounts it names.

    An account that is missing, malformed, or not granted for this use gives the same Rejected.

    Args:
        body: The object.
        accounts: Every declared account by name.
        namespace_labels: Labels of the policy's namespace.
        elders: How many older policies of the namespace name each account, where their number is limited.
        rooms: Who reads what is declared of each aspect.
    """
    faults: list[Fault] = []
    manifest = Fields(body, "", faults)
    metadata = manifest.object("metadata", required=True)
    key = PolicyKey(metadata.text("namespace"), metadata.text("name"))
    directory = _Directory(key.namespace, namespace_labels, accounts, elders)
    spec = manifest.object("spec", required=True)
    source = directory.source(spec)
    desired = Desired(
        key=key,
        source=source,
        destinations=_destinations(spec, source, directory, rooms),
        generation=metadata.integer("generation", 1, minimum=0),
        created=metadata.time("creationTimestamp"),
        deleting=metadata.has("deletionTimestamp"),
        mode=spec.choice("mode", Mode.ENFORCE),
        suspend=spec.flag("suspend"),
        deletion_policy=spec.choice("deletionPolicy", DeletionPolicy.RETAIN),
        scope=_scope(spec.object("recoveryPoints")),
        parts=_declared([room.policy for room in rooms], Declaring(spec, source)) + _plan_of(body, key),
    )
    if faults:
        return rejected(Reason.INVALID_SPEC, [*faults, *directory.unresolved])
    if directory.unresolved:
        return rejected(Reason.ACCOUNT_NOT_FOUND, directory.unresolved)
    if directory.crowded:
        return rejected(Reason.POLICY_LIMIT_REACHED, directory.crowded)
    return desired


def _plan_of(body: Mapping[str, Any], key: PolicyKey) -> Parts:
    """Return what tells the policy's own backup plan: who owns it, and which one its status knows."""
    metadata, status = (
        each if isinstance(each, Mapping) else {} for each in (body.get("metadata"), body.get("status"))
    )
    schedule = status.get("schedule")
    known = schedule.get("planId") if isinstance(schedule, Mapping) else None
    owner = str(metadata.get("uid") or f"{FILES}{key}")
    return Parts().having(OWNER, owner).having(KNOWN_PLAN, known if isinstance(known, str) else "")


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

    def source(self, spec: Fields) -> VaultRef:
        """Read the vault of the source, with its account resolved."""
        fields = spec.object("source", required=True)
        vault = fields.object("vault", required=True)
        use = Use(
            Direction.SOURCE,
            vault.text("name"),
            key=key_name(vault.optional_text("encryptionKey") or ""),
            copy_role=role_name(fields.text("copyRole", DEFAULT)),
            manages_keys=manages_keys(fields),
            schedules=spec.has(FIELD),
            backup_roles=roles_in(spec),
            backup_vaults=vaults_in(spec),
        )
        return self._vault(fields, use)

    def destination(self, fields: Fields) -> VaultRef:
        """Read the vault of a destination, with its account resolved."""
        vault = fields.object("vault", required=True)
        use = Use(
            Direction.DESTINATION,
            vault.text("name"),
            key=key_name(vault.optional_text("encryptionKey") or ""),
            grantee=grantee_in(fields),
            air_gapped=makes_air_gapped(vault),
            locks=wants_lock(vault),
        )
        return self._vault(fields, use)

    def _vault(self, fields: Fields, use: Use) -> VaultRef:
        account = self._account(fields.object("accountRef", required=True), use)
        region = fields.text("region")
        if check_region(fields, "region", region):
            self._check_use(fields, account, region)
        return VaultRef(account, region, use.vault)

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
                    f" {elders} older than this one do. Delete one of those, or have limits.policies of the"
                    " grant raised."
                )
                self.crowded.append(Fault(reference.at("name"), message))
            return declared.account
        if name and use.vault:
            message = (
                f'no BackupAccount "{name}" lets namespace {self._namespace} {use}. Whoever keeps'
                " the BackupAccounts can create it, or allow that in its spec.grants or spec.allowedNamespaces."
            )
            self.unresolved.append(Fault(reference.at("name"), message))
        return Account(name=name, account_id="")


def _policies(count: int) -> str:
    return plural(count, "policy", "policies")


def _destinations(
    spec: Fields, source: VaultRef, directory: _Directory, rooms: Sequence[Room]
) -> tuple[Destination, ...]:
    """Read the destinations; no two may be the same vault, and none may be in the source's account."""
    destinations: list[Destination] = []
    for fields in spec.objects("destinations"):
        destination = _destination(fields, directory, rooms)
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


def _destination(fields: Fields, directory: _Directory, rooms: Sequence[Room]) -> Destination:
    ref = directory.destination(fields)
    parts = _declared([room.destination for room in rooms], Declaring(fields, ref))
    return Destination(fields.text("name"), ref, parts)


def _declared(readers: Iterable[Callable[[Declaring], Parts]], declaring: Declaring) -> Parts:
    return sum((read(declaring) for read in readers), Parts())


def _scope(fields: Fields) -> Scope:
    return Scope(
        resource_types=fields.texts("resourceTypes"),
        resources=fields.texts("resources"),
        exclude_resources=fields.texts("excludeResources"),
        min_remaining_days=fields.integer("minRemainingDays", Scope().min_remaining_days, minimum=0),
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


def seniority(body: Mapping[str, Any]) -> tuple[str, str]:
    """Return what orders the policies of a namespace by age; those of files have none, come last, and go by name."""
    metadata = body["metadata"]
    return str(metadata.get("creationTimestamp") or "9999"), str(metadata.get("name"))


def _account_name(side: object) -> str | None:
    ref = side.get("accountRef") if isinstance(side, Mapping) else None
    name = ref.get("name") if isinstance(ref, Mapping) else None
    return name if isinstance(name, str) else None
