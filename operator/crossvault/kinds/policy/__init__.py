"""CrossAccountBackupPolicy: which vault is copied where, and what is kept true for that."""

from ..kind import Kind
from .summary import FACE

POLICY = Kind("CrossAccountBackupPolicy", FACE)
