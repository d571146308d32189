"""BackupAccount: an AWS account, how it is entered, and who may use what of it."""

from ...manifest.fields import Fault
from ..kind import Body, Kind
from ..rejected import Rejected
from .drawer import AccountDrawer
from .parse import KIND, parse_account
from .series import METRICS, series


def _faults(body: Body) -> tuple[Fault, ...]:
    declared = parse_account(body)
    return declared.faults if isinstance(declared, Rejected) else ()


ACCOUNT = Kind(
    name=KIND,
    plural="backupaccounts",
    drawer=AccountDrawer,
    metrics=METRICS,
    series=series,
    faults=_faults,
    is_way_in=True,
)
