"""The one edge that texts of others pass: bounded before anything looks at them, and without what hides or commands.

Others are AWS, manifests, files and the Kubernetes API; whatever one of them says goes to a status, an event, a metric,
a log or a terminal through one of these functions. None takes more than linear time.

What is taken out or written as its code is what Python does not call printable: the Unicode categories Cc, Cf, Cs, Co,
Cn, Zl, Zp, and Zs but for the space (https://docs.python.org/3/library/stdtypes.html#str.isprintable).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

LONGEST = 4096
"""How many characters of a text are looked at: more than any text that AWS documents, and than anybody reads."""
LABEL_LIMIT = 253
"""How long the value of a metric's label may be: as long as a name in Kubernetes."""
MESSAGE_LIMIT = 300
"""How long a message in a condition, an event or a row may be."""
ELLIPSIS = "…"


def clean(text: str, limit: int = LONGEST) -> str:
    """Return a sentence of others on one line, at most ``limit`` long; all white space and all hidden is one blank."""
    cut = text[:limit]
    if not cut.isprintable():
        cut = "".join(one if one.isprintable() else " " for one in cut)
    cut = " ".join(cut.split())
    return cut if len(text) <= limit else f"{cut[: limit - 1].rstrip()}{ELLIPSIS}"


def plain(text: str, limit: int | None = None) -> str:
    """Return a name of others as it may be printed: what would hide or command is written as its code.

    Two names that differ still do, unless one is longer than ``limit``.
    """
    cut = text if limit is None or len(text) <= limit else shortened(text, limit)
    return cut if cut.isprintable() else "".join(one if one.isprintable() else _code(one) for one in cut)


def plain_json(line: str) -> str:
    """Write the same characters in a line of JSON as JSON has them: it means what it meant."""
    return line if line.isprintable() else "".join(one if one.isprintable() else json.dumps(one)[1:-1] for one in line)


def shown(value: Any, limit: int | None = LONGEST) -> Any:  # noqa: ANN401 - whatever JSON can say
    """Return a document with every text in it, names of members included, as :func:`plain` writes it."""
    if isinstance(value, str):
        return plain(value, limit)
    if value is None or isinstance(value, (bool, int, float)):  # most of the rest; to ask for Mapping is slow
        return value
    if isinstance(value, (list, tuple)):
        return [shown(member, limit) for member in value]
    if isinstance(value, (dict, Mapping)):
        return {plain(str(name), limit): shown(member, limit) for name, member in value.items()}
    return value


def lines(text: str, limit: int) -> str:
    """Return a text of several lines as a terminal may print it: every line as :func:`plain` writes it."""
    return "\n".join(map(plain, shortened(text, limit).split("\n")))


def one_line(text: str, limit: int) -> str:
    r"""Return a text on one line that keeps where its lines ended: as ``\n``."""
    return "\\n".join(map(plain, shortened(text, limit).split("\n")))


def label(text: str) -> str:
    """Return the value of a metric's label."""
    return plain(text, LABEL_LIMIT)


def shortened(text: str, limit: int) -> str:
    """Cut a text after so many characters, visibly."""
    return text if len(text) <= limit else f"{text[:limit]}{ELLIPSIS}"


def clip(message: str, limit: int = MESSAGE_LIMIT) -> str:
    """Shorten a message to what a condition may hold: to whole sentences, or to whole words of a long first one."""
    message = clean(message)
    if len(message) <= limit:
        return message
    kept = message[: limit - 2]
    end = max(kept.rfind(". "), kept.rfind("; "))
    if end > 0:
        return f"{kept[: end + 1]} {ELLIPSIS}"
    word = kept.rfind(" ")
    return f"{kept[:word] if word > 0 else kept} {ELLIPSIS}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """Write a count with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def held(count: int) -> str:
    """Say how many recovery points a row holds."""
    return f"{plural(count, 'recovery point')} {'is' if count == 1 else 'are'} held."


def _code(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"
