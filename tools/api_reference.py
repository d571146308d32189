"""The reference of our custom resources, written from their CRDs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

Schema: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One field: ``spec.destinations[].lifecycle.deleteAfterDays``."""

    path: str
    schema: Schema
    required: bool

    def line(self) -> str:
        """The row of the table."""
        return f"| `{self.path}` | {self._form()} | {self._default()} | {self._text()} |"

    def _form(self) -> str:
        if "enum" in self.schema:
            return " or ".join(f"`{each}`" for each in self.schema["enum"])
        bounds = _span(self.schema, "minimum", "maximum", "") or _span(self.schema, "minItems", "maxItems", "items")
        kind = self.schema["type"]
        if kind == "array":
            kind = f"list of {self.schema['items']['type']}s"
        return f"{self.schema.get('format', kind)}{', ' if bounds else ''}{bounds}"

    def _default(self) -> str:
        if self.required:
            return "**required**"
        found = self.schema.get("default")
        if found is None or isinstance(found, dict):  # the members of an object have their own
            return ""
        return f"`{str(found).lower() if isinstance(found, bool) else found}`"

    def _text(self) -> str:
        rules = ", ".join(f"“{each['message']}”" for each in self.schema.get("x-kubernetes-validations", ()))
        text = " ".join(self.schema.get("description", "").split())
        text += f" *May be refused with {rules}.*" if rules else ""
        return text.replace("|", "\\|")


def page(folder: Path) -> str:
    """Return the page of all kinds whose CRDs lie in a folder."""
    crds = [yaml.safe_load(file.read_text("utf-8")) for file in sorted(folder.glob("*.yaml"))]
    lines = [
        "# Fields of the custom resources",
        "",
        "`kubectl explain cabp.spec` shows the same in a cluster; `crossvault plan -f DIR` checks files without one.",
        "This page is generated (`make generate`) from [crds](../../crds).",
        "",
    ]
    for crd in crds:
        lines += _kind(crd)
    return "\n".join(lines)


def _kind(crd: Mapping[str, Any]) -> Iterator[str]:
    names, version = crd["spec"]["names"], crd["spec"]["versions"][0]
    schema: Schema = version["schema"]["openAPIV3Schema"]
    yield f"## {names['kind']}"
    yield ""
    short = ", ".join(f"`{each}`" for each in names["shortNames"])
    yield f"`apiVersion: {crd['spec']['group']}/{version['name']}`, {crd['spec']['scope'].lower()}; short name {short}."
    yield " ".join(schema["description"].split())
    yield ""
    for part in ("spec", "status"):
        yield f"### {names['kind']}: {part}"
        yield ""
        yield "| field | type | default | meaning |"
        yield "|---|---|---|---|"
        member: Schema = schema["properties"][part]
        if "x-kubernetes-validations" in member:
            yield Row(part, member, required=part in schema.get("required", ())).line()
        yield from (row.line() for row in rows(member, part))
        yield ""


def rows(schema: Schema, path: str) -> Iterator[Row]:
    """Yield every field below a schema, from the outside in."""
    for name, member in schema.get("properties", {}).items():
        row = Row(f"{path}.{name}", member, required=name in schema.get("required", ()))
        yield row
        yield from rows(member, row.path)
        yield from rows(member.get("items", {}), f"{row.path}[]")


def _span(schema: Schema, low: str, high: str, unit: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if least is None and most is None:
        return ""
    span = f"at most {most}" if least is None else f"{least} or more" if most is None else f"{least} to {most}"
    return f"{span} {unit}".rstrip()
