"""CrossAccountBackupPolicy: which vault is copied where, and what is kept true for that."""

from ..kind import Kind, Parting
from .drawer import PolicyDrawer
from .endings import given_up, wants_removal
from .parse import KIND
from .series import METRICS, series
from .stakes import leaves_something

POLICY = Kind(
    name=KIND,
    plural="crossaccountbackuppolicies",
    drawer=PolicyDrawer,
    metrics=METRICS,
    series=series,
    namespaced=True,
    parting=Parting(leaves_something, wants_removal, given_up),
)
