"""The names under which reads are shared: what was asked, with which way into the account, and where."""

from __future__ import annotations

from .reads import Key
from .sessions import Fingerprint

JOBS = "jobs"


def identity(entry: Fingerprint) -> Key:
    """Name GetCallerIdentity."""
    return ("identity", entry)


def organization(entry: Fingerprint) -> Key:
    """Name DescribeOrganization, which is the same in all Regions."""
    return ("organization", entry)


def organization_path(entry: Fingerprint, account_id: str) -> Key:
    """Name ListParents from an account up to the root."""
    return ("organization path", entry, account_id)


def settings(entry: Fingerprint, region: str) -> Key:
    """Name DescribeGlobalSettings."""
    return ("settings", entry, region)


def vaults(entry: Fingerprint, region: str) -> Key:
    """Name ListBackupVaults."""
    return ("vaults", entry, region)


def vault(entry: Fingerprint, region: str, name: str) -> Key:
    """Name DescribeBackupVault."""
    return ("vault", entry, region, name)


def policy(entry: Fingerprint, region: str, name: str) -> Key:
    """Name GetBackupVaultAccessPolicy."""
    return ("policy", entry, region, name)


def kms_key(entry: Fingerprint, region: str, key_id: str) -> Key:
    """Name DescribeKey."""
    return ("key", entry, region, key_id)


def key_manager(entry: Fingerprint, region: str, key_arn: str) -> Key:
    """Name DescribeKey of a key behind recovery points, of which only what never changes is used."""
    return ("key manager", entry, region, key_arn)


def role(entry: Fingerprint, name: str) -> Key:
    """Name GetRole."""
    return ("role", entry, name)


def points(entry: Fingerprint, region: str, name: str) -> Key:
    """Name ListRecoveryPointsByBackupVault."""
    return ("points", entry, region, name)


def jobs(entry: Fingerprint, region: str, destination_vault_arn: str) -> Key:
    """Name ListCopyJobs by destination."""
    return (JOBS, entry, region, destination_vault_arn)
