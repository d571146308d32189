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

# Title and the modules that belong to it, in the order in which they are read; of several the longest prefix wins.
SECTIONS = (
    ("Wire", ("engine",)),
    (
        "Signatures and policies",
        ("identity.signature", "identity.claims", "identity", "policies", "services.request_keys"),
    ),
    ("IAM", ("services.iam.identities", "services.iam")),
    ("STS", ("services.sts",)),
    ("Vaults", ("services.backup.vaults.operations", "services.backup.lookup", "services.backup.vaults")),
    ("Recovery points", ("services.backup.points.operations", "services.backup.points", "services.backup.tags")),
    ("Backups", ("services.backup.backups.jobs", "services.backup.backups.running", "services.backup.backups")),
    ("Backup plans", ("services.backup.plans.operations", "services.backup.plans")),
    (
        "Copies",
        (
            "services.backup.copies.jobs",
            "services.backup.copies.running",
            "services.backup.copies.queue",
            "services.backup.copies.rules",
            "services.backup.copies",
            "services.backup.points.lifecycles",
            "services.iam.service_role",
        ),
    ),
    ("Settings and lists of AWS Backup", ("services.backup.settings", "services.backup")),
    ("KMS", ("services.kms.keys", "services.kms.lookup", "records.keys", "identity.key_access", "services.kms")),
    ("Organizations", ("services.organizations.tree", "services.organizations")),
    ("CloudTrail", ("services.cloudtrail",)),
    ("Account Management", ("services.account",)),
    ("EventBridge", ("services.backup.backup_events", "services.backup.plan_events", "services.events")),
    ("SQS", ("services.sqs.queues", "services.sqs.messages", "services.sqs")),
    ("Resources to back up", ("services.tagging",)),
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

*Test* is a test in `simulator/tests/`; **none** says that nothing shows the behaviour.
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
    return SECTIONS[_place(module)[0]][0]


def _place(module: str) -> tuple[int, int]:
    """Where a module's rows stand: the section, and the place in it."""
    matching = [
        (len(prefix), number, place)
        for number, (_, prefixes) in enumerate(SECTIONS)
        for place, prefix in enumerate(prefixes)
        if module.startswith(prefix)
    ]
    return max(matching)[1:]


def page() -> str:
    """The text of `FIDELITY.md`."""
    found = sorted(rows(), key=lambda row: _place(row[0]))
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
