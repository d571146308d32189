"""Manifests from a folder (or one file), checked against the CRDs the way the API server would check them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .. import manifest, schema
from ..fields import Fault
from ..model import PolicyKey

SUFFIXES = frozenset({".yaml", ".yml", ".json"})


class ManifestError(Exception):
    """Some manifest cannot be used; the message lists every fault with its file."""


@dataclass(frozen=True, slots=True)
class Folder:
    """All that a folder declares.

    Attributes:
        policies: The bodies of the policies, with the defaults of their CRD.
        accounts: The accounts by name.
        labels: The labels of every namespace that is declared as an object.
    """

    policies: Mapping[PolicyKey, Mapping[str, Any]]
    accounts: Mapping[str, manifest.AccountDeclaration]
    labels: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Read every manifest below ``path``; what is not of our kinds is left alone.

        Raises:
            ManifestError: A file cannot be read or a manifest would be refused.
        """
        problems: list[str] = []
        bodies: list[tuple[Path, Mapping[str, Any]]] = []
        for file in _files(path):
            try:
                bodies += [(file, body) for body in schema.documents(file.read_text("utf-8"))]
            except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
                problems.append(f"{file}: {error}")
        folder = cls._sort(bodies, problems)
        if problems:
            raise ManifestError("\n".join(problems))
        return folder

    @classmethod
    def _sort(cls, bodies: list[tuple[Path, Mapping[str, Any]]], problems: list[str]) -> Folder:
        policies: dict[PolicyKey, Mapping[str, Any]] = {}
        accounts: dict[str, manifest.AccountDeclaration] = {}
        labels: dict[str, Mapping[str, str]] = {}
        for file, body in bodies:
            if not isinstance(body, Mapping):
                problems.append(f"{file}: a document is not an object")
            elif body.get("kind") == "Namespace":
                labels[body["metadata"]["name"]] = body["metadata"].get("labels") or {}
            elif schema.is_ours(body):
                checked = schema.check(body)
                problems += [_line(file, body, fault) for fault in checked.faults]
                if not checked.faults:
                    problems += _take(file, checked.body, policies, accounts)
        return cls(policies, accounts, labels)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
        return
    if not path.is_dir():
        raise ManifestError(f"{path}: no such file or folder")
    found = sorted(file for file in path.rglob("*") if file.suffix in SUFFIXES and file.is_file())
    if not found:
        raise ManifestError(f"{path}: no manifest (*.yaml, *.yml, *.json)")
    yield from found


def stamps(path: Path) -> Mapping[Path, tuple[int, int]]:
    """Return what tells that a file has changed: its modification time in nanoseconds and its size."""
    return {file: ((stat := file.stat()).st_mtime_ns, stat.st_size) for file in _files(path)}


def _take(
    file: Path,
    body: dict[str, Any],
    policies: dict[PolicyKey, Mapping[str, Any]],
    accounts: dict[str, manifest.AccountDeclaration],
) -> list[str]:
    name = body["metadata"]["name"]
    if body["kind"] == "BackupAccount":
        declared = manifest.parse_account(body)
        if isinstance(declared, manifest.Rejected):
            return [_line(file, body, fault) for fault in declared.faults]
        if name in accounts:
            return [f"{file}: BackupAccount {name} is declared twice"]
        accounts[name] = declared
        return []
    key = PolicyKey(body["metadata"].setdefault("namespace", "default"), name)
    if key in policies:
        return [f"{file}: CrossAccountBackupPolicy {key} is declared twice"]
    policies[key] = body
    return []


def _line(file: Path, body: Mapping[str, Any], fault: Fault) -> str:
    metadata = body.get("metadata")
    name = metadata.get("name", "?") if isinstance(metadata, Mapping) else "?"
    return f"{file}: {body.get('kind')} {name}: {fault}"
