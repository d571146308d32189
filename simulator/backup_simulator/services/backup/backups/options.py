"""Backup options by resource type: VSS for EC2, what of an S3 bucket is left out (botocore: AdvancedBackupSetting)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....fidelity import Behaviour

if TYPE_CHECKING:
    from collections.abc import Mapping

KNOWN = {"EC2": frozenset({"WindowsVSS"}), "S3": frozenset({"BackupACLs", "BackupObjectTags"})}
VALUES = frozenset({"enabled", "disabled"})


def flaw(resource_type: str, options: Mapping[str, str]) -> str | None:
    """What is wrong with options of a type; None when nothing is."""
    if resource_type not in KNOWN:
        return f"Invalid Resource Type : {resource_type}"
    for name, value in options.items():
        if name not in KNOWN[resource_type] or value not in VALUES:
            return f"Invalid backup option {name}={value} for {resource_type}"
    return None


def backup_type(options: Mapping[str, str]) -> str | None:
    """The BackupType of a job with these options."""
    return "WindowsVSS" if options.get("WindowsVSS") == "enabled" else None


FIDELITY = (
    Behaviour(
        "Backup options are known for EC2 (WindowsVSS) and S3 (BackupACLs, BackupObjectTags), enabled or disabled",
        "botocore; text of the first: issue, of the second: assumed",
        "test_backup_failures.py::test_a_job_that_cannot_be_is_refused",
    ),
)
