"""BackupAccount: an AWS account, how it is entered, and who may use what of it."""

from ..kind import Kind
from .parse import KIND
from .status import FACE

ACCOUNT = Kind(KIND, "backupaccounts", FACE)
