"""One folder a kind of object: from its body to what is wanted, and to its status. Here they are listed, once.

A kind may refer to those before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .account import ACCOUNT
from .kind import Kind
from .organization import ORGANIZATION
from .policy import POLICY

__all__ = ["ACCOUNT", "KINDS", "ORGANIZATION", "POLICY", "Kind"]

KINDS: Mapping[str, Kind[Any]] = {each.name: each for each in (ACCOUNT, ORGANIZATION, POLICY)}
