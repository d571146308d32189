"""All operations by service and name; the services are named as signatures name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import tagging
from .account import opt_ins
from .backup import table as backup
from .cloudtrail import history
from .events import buses, targets
from .events import rules as event_rules
from .events import tags as event_tags
from .iam import attaching, identities, providers, simulation
from .iam import policies as iam_policies
from .kms import aliases, key_policies, keys
from .kms import grants as kms_grants
from .organizations import accounts, lifecycle, tree, trust
from .organizations import policies as control_policies
from .organizations import tags as organization_tags
from .sqs import messages, permissions, queues, sending
from .sqs import tags as queue_tags
from .sts import operations as sts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .operation import Operation

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "backup": backup.OPERATIONS,
    "sts": sts.OPERATIONS,
    "iam": {
        **identities.OPERATIONS,
        **iam_policies.OPERATIONS,
        **attaching.OPERATIONS,
        **providers.OPERATIONS,
        **simulation.OPERATIONS,
    },
    "kms": {
        **keys.OPERATIONS,
        **key_policies.OPERATIONS,
        **aliases.OPERATIONS,
        **kms_grants.OPERATIONS,
    },
    "organizations": {
        **accounts.OPERATIONS,
        **lifecycle.OPERATIONS,
        **organization_tags.OPERATIONS,
        **tree.OPERATIONS,
        **control_policies.OPERATIONS,
        **trust.OPERATIONS,
    },
    "events": {**event_rules.OPERATIONS, **targets.OPERATIONS, **buses.OPERATIONS, **event_tags.OPERATIONS},
    "sqs": {
        **queues.OPERATIONS,
        **messages.OPERATIONS,
        **sending.OPERATIONS,
        **permissions.OPERATIONS,
        **queue_tags.OPERATIONS,
    },
    "tagging": tagging.OPERATIONS,
    "cloudtrail": history.OPERATIONS,
    "account": opt_ins.OPERATIONS,
}
