"""EventBridge's events, as messages bring them, to what they hint at. Pure and total: whoever can, sends anything.

Shapes: https://docs.aws.amazon.com/aws-backup/latest/devguide/eventbridge.html, and for calls
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from ..engine.declared import is_region
from ..engine.hints import Fate, Hint, Notice, Subject

LARGEST = 256 * 2**10
"""How long a message may be: EventBridge's own bound of an event, in bytes."""

_LONGEST_ID = 128
_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)
_VAULT = re.compile(r"[A-Za-z0-9_/.-]{1,128}", re.ASCII)

Members: TypeAlias = Mapping[str, Any]

UNFINISHED = frozenset({"CREATED", "PENDING", "RUNNING", "ABORTING", "PUBLISHED"})
"""States of jobs that show nothing new yet: whatever else there is, or comes one day, is worth a look."""

CALLS: Mapping[tuple[str, str], Subject] = {
    **{
        ("backup.amazonaws.com", name): Subject.POLICY
        for name in ("PutBackupVaultAccessPolicy", "DeleteBackupVaultAccessPolicy")
    },
    **{
        ("backup.amazonaws.com", name): Subject.VAULT
        for name in (
            *("CreateBackupVault", "CreateLogicallyAirGappedBackupVault", "DeleteBackupVault"),
            *("PutBackupVaultLockConfiguration", "DeleteBackupVaultLockConfiguration"),
        )
    },
    **{
        ("backup.amazonaws.com", name): Subject.BACKUP
        for name in ("DeleteRecoveryPoint", "UpdateRecoveryPointLifecycle")
    },
    **{
        ("kms.amazonaws.com", name): Subject.KEY
        for name in (
            *("PutKeyPolicy", "EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion"),
            *("CreateAlias", "UpdateAlias", "DeleteAlias"),
        )
    },
}
"""Which calls, by service and operation, change what. Grants are not among them: each copy makes some."""


def read(body: str | None) -> Notice | Fate:
    """Return what a message hints at, or why it hints at nothing."""
    event = _parsed(body)
    told = event.get("detail") if event is not None else None
    if event is None or not isinstance(told, dict) or not isinstance(event.get("detail-type"), str):
        return Fate.MALFORMED
    identity = event.get("id")
    if not isinstance(identity, str) or not 0 < len(identity) <= _LONGEST_ID:
        return Fate.MALFORMED
    reader = _READERS.get((str(event.get("source")), event["detail-type"]))
    if reader is None:
        return Fate.IRRELEVANT
    found = frozenset(reader(event, told))
    return Notice(identity, found) if found else Fate.IRRELEVANT


def _parsed(body: str | None) -> Members | None:
    """Return an object of JSON; None for anything else."""
    if body is None or len(body) > LARGEST:
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


# --- AWS Backup's own ----------------------------------------------------------------------------------------------


def _job(event: Members, told: Members) -> Iterator[Hint]:
    """A backup job that has ended made a recovery point in a vault."""
    if str(told.get("state")) not in UNFINISHED:
        yield from _of_vault(event, told, Subject.BACKUP)


def _point(event: Members, told: Members) -> Iterator[Hint]:
    """A recovery point has come, has gone, or is another one now."""
    yield from _of_vault(event, told, Subject.BACKUP)


def _copy(_event: Members, told: Members) -> Iterator[Hint]:
    """A copy job that has ended is about two vaults; who started it alone is told."""
    if str(told.get("state")) not in UNFINISHED:
        for name in ("sourceBackupVaultArn", "destinationBackupVaultArn"):
            yield from _of_arn(told.get(name), Subject.COPY)


def _vault(event: Members, told: Members) -> Iterator[Hint]:
    """A vault was made, deleted, or locked."""
    yield from _of_vault(event, told, Subject.VAULT)


def _of_vault(event: Members, told: Members, subject: Subject) -> Iterator[Hint]:
    """Yield the vault that an event names by its ARN, or by its name in the place of the event."""
    by_arn = tuple(_of_arn(told.get("backupVaultArn"), subject))
    yield from by_arn or _of_name(event.get("account"), event.get("region"), told.get("backupVaultName"), subject)


# --- Calls, where a rule forwards what CloudTrail tells ------------------------------------------------------------


def _call(event: Members, told: Members) -> Iterator[Hint]:
    """Somebody made a call that was carried out."""
    service, operation = told.get("eventSource"), told.get("eventName")
    if not isinstance(service, str) or not isinstance(operation, str) or told.get("errorCode") is not None:
        return
    subject, asked = CALLS.get((service, operation)), told.get("requestParameters")
    if subject is None:
        return
    account = told.get("recipientAccountId") or event.get("account")
    region = told.get("awsRegion") or event.get("region")
    if subject is Subject.KEY:
        yield from _placed(account, region, Subject.KEY)
    elif isinstance(asked, dict):
        yield from _of_name(account, region, asked.get("backupVaultName"), subject)


# --- Places --------------------------------------------------------------------------------------------------------


def _of_arn(arn: object, subject: Subject) -> Iterator[Hint]:
    parts = arn.split(":", 6) if isinstance(arn, str) else []
    if len(parts) == 7 and (parts[0], parts[2], parts[5]) == ("arn", "backup", "backup-vault"):
        yield from _of_name(parts[4], parts[3], parts[6], subject)


def _of_name(account: object, region: object, name: object, subject: Subject) -> Iterator[Hint]:
    if isinstance(name, str) and _VAULT.fullmatch(name):
        yield from _placed(account, region, subject, name)


def _placed(account: object, region: object, subject: Subject, vault: str = "") -> Iterator[Hint]:
    if isinstance(account, str) and isinstance(region, str) and _ACCOUNT.fullmatch(account) and is_region(region):
        yield Hint(account, region, subject, vault)


_READERS: Mapping[tuple[str, str], Callable[[Members, Members], Iterator[Hint]]] = {
    ("aws.backup", "Backup Job State Change"): _job,
    ("aws.backup", "Recovery Point State Change"): _point,
    ("aws.backup", "Copy Job State Change"): _copy,
    ("aws.backup", "Backup Vault State Change"): _vault,
    ("aws.backup", "AWS API Call via CloudTrail"): _call,
    ("aws.kms", "AWS API Call via CloudTrail"): _call,
}
