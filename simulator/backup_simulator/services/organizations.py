"""Organizations: who is together, who may ask what, and what holds for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import organizations_accounts, organizations_policies, organizations_tree, organizations_trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .operation import Operation

OPERATIONS: Mapping[str, Operation] = {
    **organizations_accounts.OPERATIONS,
    **organizations_tree.OPERATIONS,
    **organizations_policies.OPERATIONS,
    **organizations_trust.OPERATIONS,
}
