"""What a policy declares about the keys of its source."""

from __future__ import annotations

from ...engine.declared import Ownership
from ...engine.parts import Part, Parts
from ...engine.plan import Declaring
from ...manifest.fields import Fields

KEY_POLICY = "keyPolicy"

KEY_OWNERSHIP: Part[Ownership] = Part("key policy", Ownership.CHECK)
"""Whether our statements are kept in the policies of the source's keys, or only printed."""


def policy(declaring: Declaring) -> Parts:
    """Read ``source.keyPolicy``."""
    source = declaring.fields.object("source")
    return Parts().having(KEY_OWNERSHIP, source.choice(KEY_POLICY, Ownership.CHECK))


def manages_keys(source: Fields) -> bool:
    """Tell whether a source wants its keys shared; what is no such word is told elsewhere."""
    return source.says(KEY_POLICY, Ownership.MANAGE)
