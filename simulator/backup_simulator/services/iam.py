"""IAM: roles, users, policies, providers, and what they would allow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import iam_identities, iam_policies, iam_providers, iam_simulation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .operation import Operation

OPERATIONS: Mapping[str, Operation] = {
    **iam_identities.OPERATIONS,
    **iam_policies.OPERATIONS,
    **iam_providers.OPERATIONS,
    **iam_simulation.OPERATIONS,
}
