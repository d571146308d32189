"""The one question that tells whether AWS Backup is there at all, in a Region that this release does not know."""

from __future__ import annotations

from botocore.exceptions import ClientError

from .answers import UnexpectedAnswerError
from .entered import Entered, Fingerprint
from .errors import code_of
from .reads import ReadKey


def key(entry: Fingerprint, region: str) -> ReadKey:
    """Name DescribeGlobalSettings."""
    return ("settings", entry, region)


def cross_account_backup(access: Entered, region: str) -> bool:
    """Tell whether the organization lets backups cross accounts; every member may ask."""
    with access.asking("read the global settings of AWS Backup", "backup:DescribeGlobalSettings", region):
        try:
            answer = access.backup(region).describe_global_settings()["GlobalSettings"]
        except ClientError as error:
            # The answer to an account in no organization, where nothing can cross.
            if code_of(error) == "InvalidRequestException":
                return False
            raise
        switch = answer["isCrossAccountBackupEnabled"].lower()
        if switch not in {"true", "false"}:
            raise UnexpectedAnswerError("isCrossAccountBackupEnabled in the answer is neither true nor false")
    return switch == "true"
