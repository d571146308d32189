"""The one question that tells whether AWS Backup is there at all, in a Region that this release does not know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import ClientError

from .answers import UnexpectedAnswerError
from .entered import Entered, Fingerprint
from .errors import code_of
from .reads import ReadKey


@dataclass(frozen=True, slots=True)
class GlobalSettings:
    """What is read of the global settings.

    Attributes:
        crossing: Whether the organization lets backups cross accounts.
        changed: When any of the settings was last changed; None where AWS does not tell.
    """

    crossing: bool
    changed: datetime | None = None


def key(entry: Fingerprint, region: str) -> ReadKey:
    """Name DescribeGlobalSettings."""
    return ("settings", entry, region)


def global_settings(access: Entered, region: str) -> GlobalSettings:
    """Read the settings of the organization; every member may ask."""
    with access.asking("read the global settings of AWS Backup", "backup:DescribeGlobalSettings", region):
        try:
            answer = access.backup(region).describe_global_settings()
        except ClientError as error:
            # The answer to an account in no organization, where nothing can cross.
            if code_of(error) == "InvalidRequestException":
                return GlobalSettings(crossing=False)
            raise
        switch = answer["GlobalSettings"]["isCrossAccountBackupEnabled"].lower()
        if switch not in {"true", "false"}:
            raise UnexpectedAnswerError("isCrossAccountBackupEnabled in the answer is neither true nor false")
    return GlobalSettings(switch == "true", answer.get("LastUpdateTime"))
