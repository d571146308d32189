"""What is imitated, and how we know: every module keeps the rows about its own behaviour in a tuple `FIDELITY`.

To add a row, append a `Behaviour` to the tuple of the module that shows the behaviour and run `make generate`.
This module gathers the rows and writes `simulator/FIDELITY.md`.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SOURCES = ("DG", "botocore", "issue", "recordings", "assumed", "missing", "ours")
"""The words of which every source has at least one."""

# Title and the modules that belong to it; of several the longest prefix wins.
SECTIONS = (
    ("Wire", ("engine",)),
    ("Identity", ("identity", "services.sts", "services.iam")),
    ("Backup", ("services.backup",)),
    ("Copies", ("services.backup.copies", "services.backup.points.lifecycles")),
    (
        "Keys, organization, settings",
        ("services.kms", "services.organizations", "records.keys", "services.backup.settings"),
    ),
    ("Events and queues", ("services.events", "services.sqs")),
    ("Time, faults and handling", ("",)),
)

HEADER = """\
# What is imitated, and how we know

This page is generated (`make generate`) from the tuples `FIDELITY` that stand beside the code.
To add a row, append a `Behaviour(what, source, test)` to the tuple of the module that shows the behaviour.

*Source* holds at least one of these words:

- `DG`: AWS documentation (the Backup Developer Guide, or the guide of the service in question);
- `botocore`: the service model or botocore's code;
- `issue`: a public report of what AWS answered;
- `recordings`: recorded answers of AWS;
- **assumed**: nobody we could read says so; the likeliest was chosen;
- **missing**: AWS has it, the simulator has not;
- `ours`: no behaviour of AWS, but of the simulator.

*Test* is a test in `tests/simulator/`; **none** says that nothing shows the behaviour.
"""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """One row: what is imitated, its source in the words of `SOURCES`, and the test (`file.py::test`) that shows it."""

    what: str
    source: str
    test: str = ""


def rows() -> Iterator[tuple[str, Behaviour]]:
    """All rows with the module they come from, relative to the package, in alphabetical order of modules."""
    package = importlib.import_module(__package__)
    names = sorted(found.name for found in pkgutil.walk_packages(package.__path__, f"{__package__}."))
    for name in names:
        if name.endswith("__main__"):
            continue
        behaviours: Sequence[Behaviour] = getattr(importlib.import_module(name), "FIDELITY", ())
        for behaviour in behaviours:
            yield name.removeprefix(f"{__package__}."), behaviour


def section(module: str) -> str:
    """The title under which a module's rows stand."""
    matching = [
        (len(prefix), title) for title, prefixes in SECTIONS for prefix in prefixes if module.startswith(prefix)
    ]
    return max(matching)[1]


def page() -> str:
    """The text of `FIDELITY.md`."""
    found = list(rows())
    parts = [HEADER]
    for title, _ in SECTIONS:
        lines = [_line(behaviour) for module, behaviour in found if section(module) == title]
        if lines:
            parts.append("\n".join([f"## {title}", "", "| Behaviour | Source | Test |", "|---|---|---|", *lines, ""]))
    return "\n".join(parts)


def _line(behaviour: Behaviour) -> str:
    source = behaviour.source
    for word in ("assumed", "missing"):
        source = source.replace(word, f"**{word}**")
    test = f"`{behaviour.test}`" if behaviour.test else "**none**"
    return f"| {_cell(behaviour.what)} | {_cell(source)} | {test} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
