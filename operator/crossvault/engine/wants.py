"""What an identity has to be allowed, as one statement each, and which objects want it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .parts import Part
from .rights import ANY, Condition, one_or_all


@dataclass(frozen=True, slots=True)
class Want:
    """One statement of what an identity has to be allowed.

    Attributes:
        sid: Its name.
        why: What it is for, as a sentence that completes "It is allowed to".
        without: What is lost where it is not allowed and everything else goes on; empty where copies need it.
        besides: The action that AWS lets pass only with these, too; empty where each is asked for by itself.
        wanted_by: The objects because of which it is needed, as a person names them, in order.
    """

    sid: str
    why: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition
    without: str = ""
    besides: str = ""
    wanted_by: tuple[str, ...] = ()

    @property
    def statement(self) -> dict[str, Any]:
        """The same as it stands in a policy."""
        made = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": one_or_all(self.actions),
            "Resource": "*" if ANY[0] in self.resources else one_or_all(self.resources),
        }
        return {**made, "Condition": self.condition} if self.condition else made


WANTED: Part[tuple[Want, ...]] = Part("wanted", ())
"""What all that is declared wants of the role of an account; nothing where no policy and no organization names it."""
