"""Builds the values of the model with defaults that work, so that a test names only what it is about."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from crossvault.aspects.copies.contents import ARRIVALS, POINTS, Arrivals
from crossvault.aspects.copies.declared import COPIES, Backfill, Copies, Copying
from crossvault.aspects.copies.inventory import Inventory
from crossvault.aspects.copies.jobs import Jobs
from crossvault.aspects.copies.seen import TRAFFIC, CopyJob, RecoveryPoint, Traffic
from crossvault.aspects.copy_role import COPY_ROLE, Role
from crossvault.aspects.copy_role import ROLE as ROLE_SEEN
from crossvault.aspects.identity import IDENTITY
from crossvault.aspects.lifecycle import LIFECYCLE, Lifecycle
from crossvault.aspects.organization import ORGANIZATION, SWITCH, Organization
from crossvault.aspects.organization.seen import ADMINISTRATORS, MEMBERS, SETTINGS, Administrator, Settings
from crossvault.aspects.source_keys.seen import SOURCE_KEYS, VAULT_KEY, Picture, SourceKeys
from crossvault.aspects.vault.declared import CREATION, Creation
from crossvault.aspects.vault.seen import KEYS, VAULT, Key, Keys, Vault
from crossvault.aspects.vault_policy import GRANTEE, OWNERSHIP, PATHS, POLICY, Grantee, Paths
from crossvault.aspects.vault_policy.statement import statement_for
from crossvault.engine.declared import (
    Account,
    DeletionPolicy,
    Desired,
    Destination,
    Limits,
    Mode,
    Ownership,
    PolicyKey,
    Scope,
    VaultRef,
)
from crossvault.engine.looks import Look, Seen, Unseen
from crossvault.engine.observed import Observed, RefusedWrite, Sight, WriteKey
from crossvault.engine.parts import Parts
from crossvault.iam.documents import put
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SOURCE_ID, TARGET_ID = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{SOURCE_ID}:role/copy-role"
DATABASE = f"arn:aws:rds:eu-west-1:{SOURCE_ID}:db:orders"
DISK = f"arn:aws:ec2:eu-west-1:{SOURCE_ID}:volume/vol-1"
KEY_ARN = f"arn:aws:kms:eu-central-1:{TARGET_ID}:key/11111111-2222-3333-4444-555555555555"
ORGANIZATION_ID, PAYER_ID = "o-examplecorp", "999999999999"
KEY_POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{TARGET_ID}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
)
"""The policy that KMS gives a key of the destination's account."""
OUR_POLICY = put(None, statement_for(ROLE))


def ago(*, days: float = 0, hours: float = 0, minutes: float = 0) -> datetime:
    """Return an instant before NOW."""
    return NOW - timedelta(days=days, hours=hours, minutes=minutes)


def problem(
    message: str = "AWS throttles account orders-prod.",
    *,
    reason: Reason = Reason.THROTTLED,
    error_class: ErrorClass = ErrorClass.RETRY,
) -> Problem:
    """Return why something could not be seen or done."""
    return Problem(reason, message, error_class)


def stuck(
    message: str = "Role crossvault may not do that.", *, reason: Reason = Reason.ACCESS_DENIED, detail: str = ""
) -> Problem:
    """Return a problem that only a person can end."""
    return Problem(reason, message, ErrorClass.STUCK, detail=detail)


UNSEEN = Unseen(problem())


def account(name: str = "orders-prod", account_id: str = SOURCE_ID, *, limits: Limits | None = None) -> Account:
    """Return an account."""
    return Account(name, account_id, role_arn=f"arn:aws:iam::{account_id}:role/crossvault", limits=limits or Limits())


def source_vault(*, limits: Limits | None = None) -> VaultRef:
    """Return the vault copies are taken from."""
    return VaultRef(account(limits=limits), "eu-west-1", "orders")


def target_vault(name: str = "orders-copies", *, account_id: str = TARGET_ID) -> VaultRef:
    """Return a vault copies are put into."""
    return VaultRef(account("dr", account_id), "eu-central-1", name)


SOURCE_ARN, TARGET_ARN = source_vault().arn, target_vault().arn


def destination(
    name: str = "dr",
    *,
    vault: VaultRef | None = None,
    create: bool = False,
    vault_policy: Ownership = Ownership.MANAGE,
    grantee: Grantee = Grantee.COPY_ROLE,
    lifecycle: Lifecycle | None = None,
) -> Destination:
    """Return a destination whose vault exists unless ``create``."""
    key = "alias/orders-copies" if create else None
    parts = Parts().having(CREATION, Creation(create, key)).having(LIFECYCLE, lifecycle)
    parts = parts.having(OWNERSHIP, vault_policy).having(GRANTEE, grantee)
    return Destination(name, vault or target_vault(), parts)


def desired(
    *destinations: Destination,
    copying: Copying | None = None,
    scope: Scope | None = None,
    backfill: Backfill | None = None,
    created: datetime | None = NOW - timedelta(days=100),
    deleting: bool = False,
    mode: Mode = Mode.ENFORCE,
    suspend: bool = False,
    generation: int = 1,
    max_copy_lag: timedelta | None = None,
    deletion_policy: DeletionPolicy = DeletionPolicy.RETAIN,
    name: str = "orders",
    limits: Limits | None = None,
) -> Desired:
    """Return what a policy wants; one destination unless told."""
    return Desired(
        key=PolicyKey("shop", name),
        source=source_vault(limits=limits),
        destinations=destinations or (destination(),),
        generation=generation,
        created=created,
        deleting=deleting,
        mode=mode,
        suspend=suspend,
        deletion_policy=deletion_policy,
        scope=scope or Scope(),
        parts=Parts()
        .having(COPY_ROLE, ROLE)
        .having(COPIES, Copies(backfill or Backfill(), copying or Copying(), max_copy_lag)),
    )


def point(
    number: int = 1,
    *,
    created: datetime | None = None,
    arn: str | None = None,
    resource: str = DATABASE,
    kind: str = "RDS",
    status: str = "COMPLETED",
    size: int = 1024,
    delete_at: datetime | None = None,
    cold_at: datetime | None = None,
    parent: str | None = None,
) -> RecoveryPoint:
    """Return a recovery point of the source vault; a higher number is an older one, by a day."""
    return RecoveryPoint(
        arn=arn or f"arn:aws:rds:eu-west-1:{SOURCE_ID}:snapshot:awsbackup:job-{number:04}",
        resource_arn=resource,
        resource_type=kind,
        created=created or ago(days=number),
        status=status,
        size=size,
        delete_at=delete_at,
        cold_at=cold_at,
        parent_arn=parent,
    )


def copy_of(
    source: RecoveryPoint,
    *,
    arn: str | None = None,
    status: str = "COMPLETED",
    from_vault: str | None = SOURCE_ARN,
    created: datetime | None = None,
) -> RecoveryPoint:
    """Return the copy of a recovery point."""
    name = source.arn.rsplit("-", maxsplit=1)[-1]
    return RecoveryPoint(
        arn=arn or f"arn:aws:rds:eu-central-1:{TARGET_ID}:snapshot:awsbackup:copyjob-{name}",
        resource_arn=source.resource_arn,
        resource_type=source.resource_type,
        created=created or source.created,
        status=status,
        size=source.size,
        source_vault_arn=from_vault,
    )


def job_for(
    source: RecoveryPoint,
    *,
    state: str = "RUNNING",
    job_id: str = "job-1",
    created: datetime | None = None,
    completed: datetime | None = None,
    message: str | None = None,
    category: str | None = None,
    to: RecoveryPoint | None = None,
    vault: str = TARGET_ARN,
    role: str | None = None,
) -> CopyJob:
    """Return a copy job of a recovery point; one that ended did so an hour after its start, unless told."""
    created = created or ago(hours=2)
    ended = state in {"COMPLETED", "FAILED", "PARTIAL"}
    return CopyJob(
        id=job_id,
        state=state,
        source_point_arn=source.arn,
        source_vault_arn=SOURCE_ARN,
        destination_vault_arn=vault,
        resource_arn=source.resource_arn,
        resource_type=source.resource_type,
        created=created,
        completed=completed or (created + timedelta(hours=1) if ended else None),
        destination_point_arn=to.arn if to is not None else None,
        message=message,
        category=category,
        role_arn=role,
    )


def account_sight(
    seen: Account | None = None,
    *,
    identity: Look[str] | None = None,
    organization: Look[Organization | None] | None = None,
    cross_account_backup: Look[bool] | None = None,
) -> Sight:
    """Return an account in which everything is as it should be."""
    seen = seen or account()
    return (
        Sight(seen)
        .having(IDENTITY, identity or Seen(seen.account_id))
        .having(ORGANIZATION, organization or Seen(Organization(ORGANIZATION_ID, PAYER_ID)))
        .having(SWITCH, cross_account_backup or Seen(value=True))
    )


def organization_sight(
    seen: Account | None = None,
    *,
    identity: Look[str] | None = None,
    organization: Look[Organization | None] | None = None,
    settings: Look[Settings] | None = None,
    members: Look[dict[str, str]] | None = None,
    administrators: Look[tuple[Administrator, ...]] | None = None,
) -> Sight:
    """Return a management account whose switch is on, with both accounts of the policies as members."""
    seen = seen or account("payer", PAYER_ID)
    listed = dict.fromkeys((PAYER_ID, SOURCE_ID, TARGET_ID), "ACTIVE")
    return (
        Sight(seen)
        .having(IDENTITY, identity or Seen(seen.account_id))
        .having(ORGANIZATION, organization or Seen(Organization(ORGANIZATION_ID, PAYER_ID, "ALL")))
        .having(SETTINGS, settings or Seen(Settings(on=True, changed=ago(days=9))))
        .having(MEMBERS, members or Seen(listed))
        .having(ADMINISTRATORS, administrators or Seen(()))
    )


def vault(ref: VaultRef | None = None, **members: Any) -> Vault:
    """Return an existing vault with a customer managed key."""
    ref = ref or target_vault()
    return Vault(ref.arn, ref.name, encryption_key_arn=members.pop("encryption_key_arn", KEY_ARN), **members)


def key(manager: str = "CUSTOMER", state: str = "Enabled") -> Key:
    """Return a KMS key."""
    return Key(KEY_ARN, manager, state)


def role(arn: str = ROLE, **trust: Any) -> Role:
    """Return a role that AWS Backup may assume, unless its trust policy has another ``Statement``."""
    allow = {"Effect": "Allow", "Principal": {"Service": "backup.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return Role(arn, {"Version": "2012-10-17", "Statement": [allow], **trust})


def sight(
    wanted: Destination | None = None,
    *,
    account: Sight | None = None,
    vault: Look[Vault | None] | None = None,
    vault_key: Look[Key | None] | None = None,
    wanted_key: Look[Key | None] | None = None,
    policy: Look[str | None] | str | None = OUR_POLICY,
    paths: Paths | None = None,
    copies: Look[Inventory] | tuple[RecoveryPoint, ...] = (),
    jobs: Look[Jobs] | tuple[CopyJob, ...] = (),
    copies_at: datetime | None = NOW,
    source_keys: Look[SourceKeys] | None = None,
    vault_key_policy: Look[str] | str = KEY_POLICY,
) -> Sight:
    """Return a destination in which everything is as it should be."""
    wanted = wanted or destination()
    arrivals = Arrivals(
        Seen(Inventory(copies)) if isinstance(copies, tuple) else copies,
        Seen(Jobs(jobs)) if isinstance(jobs, tuple) else jobs,
        copies_at,
    )
    return (
        replace(account or account_sight(wanted.vault.account), name=wanted.name)
        .having(VAULT, vault or Seen(make_vault(wanted.vault)))
        .having(KEYS, Keys(vault_key or Seen(key()), wanted_key or Seen(None)))
        .having(POLICY, policy if isinstance(policy, Seen | Unseen) else Seen(policy))
        .having(PATHS, paths or Paths())
        .having(ARRIVALS, arrivals)
        .having(SOURCE_KEYS, source_keys or Seen(SourceKeys()))
        .having(
            VAULT_KEY, Picture(policy=Seen(vault_key_policy) if isinstance(vault_key_policy, str) else vault_key_policy)
        )
    )


make_vault, default_source = vault, source_vault


def absent(wanted: Destination | None = None, *, wanted_key: Look[Key | None] | None = None) -> Sight:
    """Return a destination whose vault does not exist."""
    wanted = wanted or destination(create=True)
    return sight(
        wanted, vault=Seen(None), vault_key=Seen(None), wanted_key=wanted_key or Seen(key()), policy=Seen(None)
    )


def observed(
    points: Look[Inventory] | tuple[RecoveryPoint, ...] = (),
    *sights: Sight,
    at: datetime = NOW,
    source: Sight | None = None,
    source_vault: Look[Vault | None] | None = None,
    copy_role: Look[Role | None] | None = None,
    refused_writes: Mapping[WriteKey, RefusedWrite] | None = None,
    **traffic: Any,
) -> Observed:
    """Return a picture of AWS; one destination in which everything is right unless told."""
    seen = (
        (source or account_sight())
        .having(VAULT, source_vault or Seen(make_vault(default_source())))
        .having(ROLE_SEEN, copy_role or Seen(role()))
        .having(POINTS, Seen(Inventory(points)) if isinstance(points, tuple) else points)
        .having(TRAFFIC, Traffic(**traffic))
    )
    return Observed(at, seen, sights or (sight(),), refused_writes or {})


def blind(wanted: Destination | None = None) -> Sight:
    """Return a destination that could not be looked at."""
    return sight(wanted, vault=UNSEEN, policy=UNSEEN, copies=UNSEEN, jobs=UNSEEN, vault_key=UNSEEN, source_keys=UNSEEN)


# --- Manifests, for passes from the body on ------------------------------------------------------------------------


def account_body(name: str = "orders-prod", account_id: str = SOURCE_ID, **spec: Any) -> dict[str, Any]:
    """Return a BackupAccount that every namespace may use."""
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "BackupAccount",
        "metadata": {"name": name, "generation": 1},
        "spec": {
            "accountId": account_id,
            "roleArn": f"arn:aws:iam::{account_id}:role/crossvault",
            "allowedNamespaces": {"all": True},
            **spec,
        },
    }


def organization_body(name: str = "main", wanted: str | None = "Enabled", **members: Any) -> dict[str, Any]:
    """Return a BackupOrganization."""
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "BackupOrganization",
        "metadata": {"name": name, "generation": 1, **members},
        "spec": {
            "managementAccountRef": {"name": "payer"},
            **({"crossAccountBackup": wanted} if wanted else {}),
        },
    }


def policy_body(
    *,
    destinations: list[dict[str, Any]] | None = None,
    status: dict[str, Any] | None = None,
    deleting: bool = False,
    generation: int = 1,
    name: str = "orders",
    **spec: Any,
) -> dict[str, Any]:
    """Return a CrossAccountBackupPolicy that creates its one destination vault and backfills everything."""
    metadata = {
        "name": name,
        "namespace": "shop",
        "generation": generation,
        "creationTimestamp": "2026-08-15T12:00:00Z",
        **({"deletionTimestamp": "2026-11-23T12:00:00Z"} if deleting else {}),
    }
    return {
        "apiVersion": "crossvault.io/v1alpha1",
        "kind": "CrossAccountBackupPolicy",
        "metadata": metadata,
        "spec": {
            "source": {
                "accountRef": {"name": "orders-prod"},
                "region": "eu-west-1",
                "vault": {"name": "orders"},
                "copyRole": "copy-role",
            },
            "destinations": destinations or [destination_body()],
            "backfill": {"mode": "All"},
            **spec,
        },
        **({"status": status} if status is not None else {}),
    }


def destination_body(name: str = "dr", *, vault_name: str = "orders-copies", **members: Any) -> dict[str, Any]:
    """Return the manifest of a destination whose vault is to be created."""
    return {
        "name": name,
        "accountRef": {"name": "dr"},
        "region": "eu-central-1",
        "vault": {"name": vault_name, "create": True, "encryptionKey": "alias/orders-copies"},
        **members,
    }
