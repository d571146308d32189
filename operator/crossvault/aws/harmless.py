"""Reads that change nothing and take one page, to find out whether an action is allowed where IAM may not be asked.

What an answer says is not looked at. Left out is what nobody names beforehand (plans, selections, recovery points, the
keys behind them), and KMS's aliases of AWS: to describe one that is not there makes a key.
https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from ..engine.declared import region_of
from ..words.problems import CrossvaultError
from ..words.reasons import Reason
from . import regions
from .denials import trying
from .entered import Entered
from .errors import code_of, names_action


@dataclass(frozen=True, slots=True)
class Read:
    """One request.

    Attributes:
        client: The client of a Region.
        operation: What botocore calls it.
        asked: What is sent, by the resource of the right; None where that names nothing to ask about.
        answers: Errors that only come to who is allowed to ask.
        regional: Whether it is asked where the resource is, and not in one Region for all.
    """

    client: Callable[[Entered, str], Any]
    operation: str
    asked: Callable[[str], Mapping[str, Any] | None]
    answers: frozenset[str] = frozenset()
    regional: bool = True


def _sent(**members: Any) -> Callable[[str], Mapping[str, Any]]:  # noqa: ANN401 - members of requests
    return lambda _resource: members


def _vault(**members: Any) -> Callable[[str], Mapping[str, Any] | None]:  # noqa: ANN401 - the same
    def asked(resource: str) -> Mapping[str, Any] | None:
        _, found, name = resource.partition(":backup-vault:")
        return {"BackupVaultName": name, **members} if found and "*" not in name else None

    return asked


def _role(resource: str) -> Mapping[str, Any] | None:
    _, found, path = resource.partition(":role/")
    return {"RoleName": path.rsplit("/", 1)[-1]} if found else None


def _of_backup(operation: str, asked: Callable[[str], Mapping[str, Any] | None], *answers: str) -> Read:
    return Read(Entered.backup, operation, asked, frozenset(answers))


READS: Mapping[str, Read] = MappingProxyType(
    {
        "backup:DescribeGlobalSettings": _of_backup("describe_global_settings", _sent(), "InvalidRequestException"),
        "backup:DescribeRegionSettings": _of_backup("describe_region_settings", _sent()),
        "backup:ListBackupVaults": _of_backup("list_backup_vaults", _sent(MaxResults=1)),
        "backup:ListBackupPlans": _of_backup("list_backup_plans", _sent(MaxResults=1)),
        "backup:ListBackupJobs": _of_backup("list_backup_jobs", _sent(MaxResults=1)),
        "backup:ListCopyJobs": _of_backup("list_copy_jobs", _sent(MaxResults=1)),
        "backup:ListRecoveryPointsByBackupVault": _of_backup(
            "list_recovery_points_by_backup_vault", _vault(MaxResults=1)
        ),
        "backup:DescribeBackupVault": _of_backup("describe_backup_vault", _vault()),
        "backup:GetBackupVaultAccessPolicy": _of_backup(
            "get_backup_vault_access_policy", _vault(), "ResourceNotFoundException"
        ),
        "tag:GetResources": Read(Entered.tagging, "get_resources", _sent(ResourcesPerPage=1)),
        "account:ListRegions": Read(Entered.account_management, "list_regions", _sent(MaxResults=1), regional=False),
        "cloudtrail:LookupEvents": Read(Entered.cloudtrail, "lookup_events", _sent(MaxResults=1), regional=False),
        "iam:GetRole": Read(
            Entered.iam, "get_role", _role, frozenset({"NoSuchEntity", "NoSuchEntityException"}), regional=False
        ),
        "organizations:DescribeOrganization": Read(
            Entered.organizations,
            "describe_organization",
            _sent(),
            frozenset({"AWSOrganizationsNotInUseException"}),
            regional=False,
        ),
        "organizations:ListAccounts": Read(Entered.organizations, "list_accounts", _sent(MaxResults=1), regional=False),
        "organizations:ListDelegatedAdministrators": Read(
            Entered.organizations, "list_delegated_administrators", _sent(MaxResults=1), regional=False
        ),
    }
)
"""By action; every other one changes something, or is about what nobody names."""


def exists(action: str, resource: str) -> bool:
    """Tell whether there is such a read."""
    return action in READS and READS[action].asked(resource) is not None


def attempt(access: Entered, action: str, resource: str, region: str) -> bool | None:
    """Tell whether AWS lets an action pass; None where its answer does not tell.

    Args:
        access: The account.
        action: One for which :func:`exists` says so.
        resource: What it is about, as a policy has it.
        region: Where to ask if the resource is of no Region.
    """
    read = READS[action]
    sent = read.asked(resource)
    where = (read.regional and region_of(resource)) or region
    where = where if read.regional else regions.known_like(where)
    if sent is None:
        return None
    try:
        with access.asking(trying(action), action, where if read.regional else ""):
            return _allows(read, access, where, sent)
    except CrossvaultError as error:
        return False if error.problem.reason is Reason.ACCESS_DENIED else None
    except _UndecidedError:
        return None


class _UndecidedError(Exception):
    """AWS answers something that is neither yes nor no."""


def _allows(read: Read, access: Entered, region: str, sent: Mapping[str, Any]) -> bool:
    try:
        getattr(read.client(access, region), read.operation)(**sent)
    except ClientError as error:
        if code_of(error) in read.answers:
            return True
        # A vault that is not there is denied to everybody, in words that name no action.
        if "BackupVaultName" in sent and not names_action(error):
            raise _UndecidedError from error
        raise
    return True
