"""The page docs/how-to/aws-identity.md: prose, and between it what ``crossvault iam`` prints for the examples."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crossvault.aspects import ROOMS
from crossvault.cli import iam
from crossvault.engine.rights import Alone, AsDestination, AsManager, AsSource, Right
from crossvault.kinds.entries import Operator
from crossvault.local import Folder

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
OPERATOR = Operator("arn:aws:iam::555555555555:role/crossvault")
NAMES = {"111111111111": "SRC", "222222222222": "DST", "555555555555": "HUB", "999999999999": "MGMT"}
USES = {"source": (Alone, AsSource), "destination": (Alone, AsDestination), "management": (Alone, AsManager)}
_SLOT = re.compile(r"^<!-- (\w+): ([\w.]+) -->$", re.MULTILINE)


def page() -> str:
    """Return the page."""
    answer = _answer()

    def filled(found: re.Match[str]) -> str:
        return _shown(answer, found[2]) if found[1] == "shown" else _rights(USES[found[2]])

    return _SLOT.sub(filled, (HERE / "identity_page.md").read_text("utf-8"))


def _answer() -> Mapping[str, Any]:
    """Return the documents for the quickstart and an organization."""
    folders = [Folder.read(EXAMPLES / name) for name in ("quickstart", "organization")]
    objects = {key: body for each in folders for key, body in each.objects.items()}
    declared, faults = iam.declared_in(
        Folder(objects, {name: each for one in folders for name, each in one.labels.items()})
    )
    if faults:
        raise SystemExit("\n".join(map(str, faults)))
    answer = iam.make(declared, OPERATOR)
    return {**answer, **{each["account"]: each for each in answer["accounts"]}}


def _shown(answer: Mapping[str, Any], path: str) -> str:
    """Return one member of the answer as it is printed, with words for the numbers of accounts."""
    part: Any = answer
    for name in path.split("."):
        part = part[int(name)] if name.isdigit() else part[name]
    text = "\n".join(_lines(part))
    for number, name in NAMES.items():
        text = text.replace(number, name)
    return f"```json\n{text}\n```"


def _lines(part: object) -> Iterable[str]:
    """Yield a policy document, or a list of statements, a line for each statement where it has room."""
    if isinstance(part, dict) and "Statement" in part:
        yield f'{{"Version": "{part["Version"]}", "Statement": ['
        yield from _lines_of(part["Statement"], "]}")
    elif isinstance(part, list):
        yield "["
        yield from _lines_of(part, "]")


def _lines_of(statements: list[Any], end: str) -> Iterable[str]:
    for number, each in enumerate(statements, 1):
        comma = "," if number < len(statements) else end
        line = f"  {json.dumps(each)}{comma}"
        if len(line) <= 118:
            yield line
            continue
        heads = [f"{json.dumps(key)}: {_value(value)}" for key, value in each.items()]
        *most, last = heads
        yield f"  {{{most[0]}, {most[1]},"
        yield from (f"   {one}," for one in most[2:])
        yield f"   {last}}}{comma}"


def _value(value: object) -> str:
    """Write the value of a member, a long list in several lines."""
    text = json.dumps(value)
    if not isinstance(value, list) or len(text) <= 100:
        return text
    return "[" + ",".join(f"\n     {json.dumps(each)}" for each in value) + "]"


def _rights(uses: tuple[type, ...]) -> str:
    """Return a table of what a role may be allowed, whatever is declared."""
    found = [right for room in ROOMS for right in room.rights if right.use in uses]
    head = ["| statement | actions | what for: to | what goes on without it |", "|---|---|---|---|"]
    return "\n".join([*head, *map(_row, found)])


def _row(right: Right[Any]) -> str:
    actions = " ".join(f"`{each}`" for each in right.actions)
    lost = right.without or (f"AWS refuses `{right.besides}`." if right.besides else "")
    name = f"*{right.sid}*" + (" (not printed)" if right.told else "")
    return f"| {name} | {actions} | {right.why} | {lost} |"
