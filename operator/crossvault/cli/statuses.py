"""What a run says at its end: the document of ``crossvault run -o json``, and its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ..engine.declared import PolicyKey
from ..local import ManifestFault
from ..words.instants import instant
from . import tables, wrongs
from .render import API_VERSION


def document(
    bodies: Mapping[PolicyKey, Mapping[str, Any]],
    looked: Mapping[PolicyKey, bool],
    now: datetime,
    organizations: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the statuses of all policies and organizations, a summary first.

    Args:
        bodies: The policy objects with their present status.
        looked: Whether the last pass over a policy saw all it had to.
        now: The time that the document is of.
        organizations: The BackupOrganizations with their present status.
    """
    policies = [_policy(body) for body in bodies.values()]
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
            "notLookedAt": sum(not looked.get(key, False) for key in bodies),
        },
        "policies": policies,
        "organizations": [_organization(body) for body in organizations],
    }


def unusable(faults: Iterable[ManifestFault]) -> dict[str, Any]:
    """Return the answer for manifests that cannot be used: every fault, as a plan has it, and no status."""
    listed = [each.row() for each in faults]
    return {
        "apiVersion": API_VERSION,
        "kind": "Status",
        "summary": {"policies": 0, "faults": len(listed)},
        "faults": listed,
        "policies": [],
    }


def _policy(body: Mapping[str, Any]) -> dict[str, Any]:
    metadata, status = body["metadata"], body.get("status") or {}
    ready: Mapping[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    return {
        "policy": f"{metadata['namespace']}/{metadata['name']}",
        "namespace": metadata["namespace"],
        "name": metadata["name"],
        "suspended": bool(body["spec"].get("suspend")),
        "ready": [ready.get("status", "Unknown"), str(ready.get("reason", ""))],
        "status": status,
    }


def _organization(body: Mapping[str, Any]) -> dict[str, Any]:
    status = body.get("status") or {}
    ready: Mapping[str, Any] = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), {})
    return {
        "name": body["metadata"]["name"],
        "desired": body["spec"].get("crossAccountBackup", ""),
        "ready": [ready.get("status", "Unknown"), str(ready.get("reason", ""))],
        "status": status,
    }


def text(answer: Mapping[str, Any]) -> str:
    """Render the tables of policies and of organizations, and below them what is wrong with each."""
    at = datetime.fromisoformat(answer["summary"]["at"])
    organizations = answer.get("organizations", ())
    below = [line for each in answer["policies"] for line in wrongs.of_status(each["policy"], each["status"])]
    below += [line for each in organizations for line in wrongs.of_organization(each["name"], each["status"])]
    shown = [tables.policies(answer["policies"], at)] if answer["policies"] or not organizations else []
    shown += ["", tables.organizations(organizations)] if shown and organizations else []
    shown += [tables.organizations(organizations)] if not shown else []
    return "\n".join([*shown, *below])
