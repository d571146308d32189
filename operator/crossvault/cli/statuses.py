"""What a run says at its end: the document of ``crossvault run -o json``, and its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import click

from ..engine.declared import PolicyKey
from ..kinds import ORGANIZATION, POLICY
from ..kinds.kind import ObjectKey
from ..local import ManifestFault
from ..words.instants import instant
from . import tables, vault_pairs, wrongs
from .render import API_VERSION

NONE: Mapping[ObjectKey, Sequence[str]] = MappingProxyType({})


def document(
    bodies: Mapping[PolicyKey, Mapping[str, Any]],
    looked: Mapping[PolicyKey, bool],
    now: datetime,
    organizations: Iterable[Mapping[str, Any]] = (),
    faults: Mapping[ObjectKey, Sequence[str]] = NONE,
) -> dict[str, Any]:
    """Return the statuses of all policies and organizations, a summary first.

    Args:
        bodies: The policy objects with their present status.
        looked: Whether the last pass over a policy saw all it had to.
        now: The time that the document is of.
        organizations: The BackupOrganizations with their present status.
        faults: Why an object cannot be worked with, with file and line.
    """
    policies = [_policy(body, faults.get(POLICY.key(key), ())) for key, body in bodies.items()]
    summaries = [each["status"].get("summary") or {} for each in policies]
    return {
        "apiVersion": API_VERSION,
        "kind": "Status",
        "summary": {
            "at": instant(now),
            "policies": len(policies),
            "protected": sum(each["ready"] == ["True", "Protected"] for each in policies),
            "failed": sum(each.get("failed", 0) for each in summaries),
            "needsAction": sum(each.get("needsAction", 0) for each in summaries),
            "ineligible": sum(each.get("ineligible", 0) for each in summaries),
            "unmet": sum(each.get("unmetPrerequisites", 0) for each in summaries),
            "drifted": sum(each.get("drifted", 0) for each in summaries),
            "sharedPairs": vault_pairs.declared(bodies.values()),
            "notLookedAt": sum(not looked.get(key, False) for key in bodies),
        },
        "policies": policies,
        "organizations": [
            _organization(body, faults.get(ObjectKey(ORGANIZATION.name, "", body["metadata"]["name"]), ()))
            for body in organizations
        ],
    }


def unusable(faults: Iterable[ManifestFault], now: datetime) -> dict[str, Any]:
    """Return the answer for manifests that cannot be used: every fault, as a plan has it, and no status."""
    listed, answer = [each.row() for each in faults], document({}, {}, now)
    return {**answer, "summary": {**answer["summary"], "faults": len(listed)}, "faults": listed}


def _policy(body: Mapping[str, Any], faults: Sequence[str]) -> dict[str, Any]:
    metadata, status = body["metadata"], body.get("status") or {}
    ready: Mapping[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    return {
        "policy": f"{metadata['namespace']}/{metadata['name']}",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "suspended": bool(body["spec"].get("suspend")),
        "ready": [ready.get("status", "Unknown"), str(ready.get("reason", ""))],
        **({"faults": list(faults)} if faults else {}),
        "status": status,
    }


def _organization(body: Mapping[str, Any], faults: Sequence[str]) -> dict[str, Any]:
    status = body.get("status") or {}
    ready: Mapping[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    return {
        "name": body["metadata"]["name"],
        "desired": body["spec"].get("crossAccountBackup", ""),
        "ready": [ready.get("status", "Unknown"), str(ready.get("reason", ""))],
        **({"faults": list(faults)} if faults else {}),
        "status": status,
    }


def text(answer: Mapping[str, Any]) -> str:
    """Render the tables of policies and of organizations, and below them what is wrong with each."""
    at = datetime.fromisoformat(answer["summary"]["at"])
    organizations = answer.get("organizations", ())
    told = [(each, wrongs.of_status(each["policy"], each["status"])) for each in answer["policies"]]
    told += [(each, wrongs.of_organization(each["name"], each["status"])) for each in organizations]
    below = [line for each, lines in told for line in (_refused(each) if "faults" in each else lines)]
    shown = [tables.policies(answer["policies"], at)] if answer["policies"] or not organizations else []
    shown += ["", tables.organizations(organizations)] if shown and organizations else []
    shown += [tables.organizations(organizations)] if not shown else []
    return "\n".join([*shown, *below])


def _refused(each: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a manifest, as a plan says it."""
    name = each["policy"] if "policy" in each else f"organization {each['name']}"
    return ["", f"{click.style(name, bold=True)}  {each['ready'][1]}", *(f"  ✗ {fault}" for fault in each["faults"])]
