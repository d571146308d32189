"""BackupOrganization: the one switch that only the management account has, and who else it concerns."""

from ..kind import Kind
from .drawer import OrganizationDrawer
from .parse import KIND
from .series import METRICS, series

ORGANIZATION = Kind(
    name=KIND,
    plural="backuporganizations",
    drawer=OrganizationDrawer,
    metrics=METRICS,
    series=series,
)
