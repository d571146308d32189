"""``python -m tools.generate``: write the files that follow from others; ``--check`` only tells whether they do.

The CRDs are the single source of the chart's copies and of the page of their fields, the kinds that of the chart's
rights, the rooms and the examples that of the page of permissions, the catalogue of metrics, the reasons and the matrix
of resource types those of their pages, the simulator's own rows and models those of its FIDELITY.md and the schema of
world files.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import yaml

from backup_simulator import fidelity
from backup_simulator.world import schema
from crossvault.aspects.resource_types import matrix
from crossvault.kinds import KINDS
from crossvault.metrics import catalogue
from crossvault.words.explanations import EXPLANATIONS
from tools import api_reference, identity_page

ROOT = Path(__file__).resolve().parents[1]
CRDS = ROOT / "crds"
CHART_FILES = ROOT / "deploy" / "helm" / "crossvault" / "files"
REFERENCE = ROOT / "docs" / "reference"
SIMULATOR = ROOT / "simulator"


def generated() -> Iterator[tuple[Path, str]]:
    """Yield every generated file with what it has to hold."""
    for file in sorted(CRDS.glob("*.yaml")):
        yield CHART_FILES / "crds" / file.name, file.read_text("utf-8")
    yield CHART_FILES / "kinds.yaml", kinds_file()
    yield ROOT / "docs" / "how-to" / "aws-identity.md", identity_page.page()
    yield REFERENCE / "fields.md", api_reference.page(CRDS)
    yield REFERENCE / "reasons.md", reasons_page()
    yield REFERENCE / "metrics.md", metrics_page()
    yield REFERENCE / "resource-types.md", types_page()
    yield SIMULATOR / "FIDELITY.md", fidelity.page()
    yield SIMULATOR / "world.schema.json", json.dumps(schema.as_json_schema(), indent=2) + "\n"


def kinds_file() -> str:
    """Return what the chart's rights are made from: the kinds, their scope, and which carry our finalizer."""
    kinds = [
        {"plural": each.plural, "namespaced": each.namespaced, "finalizer": each.parting is not None}
        for each in KINDS.values()
    ]
    head = "# Generated (make generate) from the kinds that the operator watches.\n"
    return head + yaml.safe_dump({"kinds": kinds}, sort_keys=False)


def reasons_page() -> str:
    """Return the page of reasons."""
    rows = [
        f"| <a id='{reason.lower()}'></a>`{reason}` | {each.meaning} | {each.who} | {each.remedy} |"
        for reason, each in EXPLANATIONS.items()
    ]
    return "\n".join(
        [
            "# Reasons",
            "",
            "The same word stands in conditions, events, metrics, logs and the command line.",
            "This page is generated (`make generate`).",
            "",
            "*Who acts* ends it where somebody has to. A copy that failed for what somebody has to end is tried",
            "again at once when all that is seen of it has come to be met; nobody is called unless that fails, too",
            "(`needsAction`).",
            "",
            "| reason | meaning | who acts | remedy |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def metrics_page() -> str:
    """Return the page of metrics."""
    rows = [
        f"| `{each.full_name}` | {each.type} | {', '.join(f'`{label}`' for label in each.labels)} | {each.help} |"
        for each in catalogue.ALL
    ]
    return "\n".join(
        [
            "# Metrics",
            "",
            "Served at `/metrics` on the operator's metrics port, together with `process_*` and `python_gc_*`.",
            "The page is rendered once a second at most.",
            "Figures of objects are computed when they are scraped and vanish with the object.",
            "This page is generated (`make generate`).",
            "",
            "| metric | type | labels | meaning |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


TYPES_HEAD = (
    f"What AWS Backup can do with each type, as of {matrix.AS_OF}, after AWS's"
    f" [feature availability]({matrix.SOURCE}) and its release notes. This page is generated (`make generate`) from the"
    " table that the operator judges by (`aspects/resource_types/matrix.py`). A type that does not stand here is newer"
    " than this release: its copies are tried."
)
TYPES_WORDS = (
    "*One step*: to another account and another Region in one copy job. *Key*: whose key the recovery points are"
    " under; those under the resource's own leave an account only if it is a customer managed one. *Air-gapped*:"
    " copies go into logically air-gapped vaults. *Cold*: recovery points can move to cold storage."
)


def types_page() -> str:
    """Return the page of resource types."""
    rows = [
        f"| {each.name} | {' | '.join(_marks(each))} | {each.note[:1].upper()}{each.note[1:]} |"
        for each in matrix.TYPES.values()
    ]
    return "\n".join(
        [
            "# Resource types",
            "",
            TYPES_HEAD,
            "",
            TYPES_WORDS,
            "",
            "| type | other account | other Region | one step | key | air-gapped | cold | incremental | continuous | |",
            "|---|---|---|---|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _marks(each: matrix.ResourceType) -> list[str]:
    key = "vault" if each.fully_managed else "resource"
    before, after = (each.cross_account, each.cross_region, each.one_step), (each.air_gapped, each.cold)
    last = (each.incremental, each.continuous)
    yes = {True: "yes", False: "no"}
    return [*(yes[one] for one in before), key, *(yes[one] for one in (*after, *last))]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail when a file is not as it should be.")
def main(check: bool) -> None:
    """Write the generated files."""
    stale = [(path, text) for path, text in generated() if not path.exists() or path.read_text("utf-8") != text]
    for path, text in stale:
        click.echo(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if check and stale:
        sys.exit("run: make generate")


if __name__ == "__main__":
    main()
