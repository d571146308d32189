"""The three forms in which services of AWS write tags: a map, pairs of Key and Value, pairs of TagKey and TagValue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..wire import Params


def as_map(given: Mapping[str, str] | Sequence[Params]) -> dict[str, str]:
    """Tags in whichever form they came; of pairs with the same key the last one counts."""
    if isinstance(given, Mapping):
        return dict(given)
    return {str(tag.get("Key", tag.get("TagKey"))): str(tag.get("Value", tag.get("TagValue"))) for tag in given}


def as_pairs(tags: Mapping[str, str], *, of_kms: bool = False) -> list[Params]:
    """Tags as pairs; KMS calls their members TagKey and TagValue."""
    key, value = ("TagKey", "TagValue") if of_kms else ("Key", "Value")
    return [{key: name, value: text} for name, text in tags.items()]
