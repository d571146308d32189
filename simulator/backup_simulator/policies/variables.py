"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'nobody'}`, `${*}`.

Source: IAM User Guide, policy elements: variables. Policies of version 2008-10-17 have none: there they are plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import condition_keys, operators

if TYPE_CHECKING:
    from .condition_keys import ConditionKeys

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT = re.compile(r"\s*([^,\s]+)\s*(?:,\s*'([^']*)'\s*)?")


@dataclass(frozen=True, slots=True)
class Variable:
    """A place that the request fills in."""

    key: str
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy with the variables in it."""

    source: str
    parts: tuple[str | Variable, ...]

    def filled(self, keys: ConditionKeys) -> str | None:
        """The text for one request; None when a variable has neither value nor default."""
        if len(self.parts) == 1 and self.parts[0] is self.source:
            return self.source
        found = [part if isinstance(part, str) else _value(part, keys) for part in self.parts]
        texts = [text for text in found if text is not None]
        return "".join(texts) if len(texts) == len(found) else None


def template(text: str, *, enabled: bool = True) -> Template:
    """Read a text; `enabled` is whether the policy's version and the element's place know variables."""
    if not enabled or "${" not in text:
        return Template(text, (text,))
    parts: list[str | Variable] = []
    end = 0
    for match in _VARIABLE.finditer(text):
        parts.append(text[end : match.start()])
        parts.append(_part(match[1]))
        end = match.end()
    parts.append(text[end:])
    return Template(text, tuple(part for part in parts if part != ""))


def _part(inner: str) -> str | Variable:
    if inner in {"*", "?", "$"}:
        return operators.shielded(inner)
    found = _WITH_DEFAULT.fullmatch(inner)
    if not found:
        raise operators.MalformedPolicyError(f"The policy variable ${{{inner}}} cannot be read")
    return Variable(condition_keys.known(found[1]), found[2])


def _value(variable: Variable, keys: ConditionKeys) -> str | None:
    found = keys.get(variable.key)
    text = found[0] if found else variable.default
    return None if text is None else operators.shielded(text)
