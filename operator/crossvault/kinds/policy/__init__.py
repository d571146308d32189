"""CrossAccountBackupPolicy: which vault is copied where, and what is kept true for that."""

from ..kind import Kind
from .parse import KIND
from .summary import FACE

POLICY = Kind(KIND, "crossaccountbackuppolicies", FACE, namespaced=True)
