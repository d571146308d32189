"""What there is to say of a reason."""

from __future__ import annotations

from typing import NamedTuple


class Explanation(NamedTuple):
    """What a reason means, who acts, and what they do."""

    meaning: str
    who: str
    remedy: str


NOBODY, PLATFORM, AWS_ADMIN, AUTHOR, US = "nobody", "platform team", "AWS administrator", "author of the policy", "us"
