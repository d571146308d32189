"""What belongs to a KMS key beside its policy: grants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..wire import Params


@dataclass(slots=True)
class Grant:
    """A grant; principals stand as they were named, constraints in the API's shape (EncryptionContextSubset, …)."""

    grant_id: str
    token: str
    grantee: str
    operations: tuple[str, ...]
    created: float
    issuing_account: str
    name: str | None = None
    retiring: str | None = None
    constraints: Params = field(default_factory=dict)
    grantee_service: bool = False
    retiring_service: bool = False
