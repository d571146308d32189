"""Manifests from a folder (or one file), checked against the CRDs the way the API server would check them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..engine.declared import PolicyKey
from ..kinds import ACCOUNT, KINDS, ORGANIZATION, POLICY
from ..kinds.kind import Body, ObjectKey, Occasion
from ..kinds.rejected import Rejected
from ..manifest import documents, schema
from ..manifest.documents import Document, DocumentError
from ..manifest.fields import Fault, kind_of, show
from ..words.texts import plain
from ..work.desk import Desk, desk_of
from . import files

WORKED_ON = (ORGANIZATION.name, POLICY.name)
"""The kinds that a run without a cluster passes over: what copies need before what copies."""

SAID = 20
"""So many faults are told at once; more would push the first ones off the screen."""


@dataclass(frozen=True, slots=True)
class ManifestFault:
    """One thing wrong with a file, and where.

    Attributes:
        line: The line, from 1; 0 where the fault has none.
        document: Which document of the file, from 1; 0 where the fault is the whole file's.
        declared: Kind and name of the object, as far as they are known.
        path: The field, as in ``spec.destinations[1].lifecycle.deleteAfterDays``.
    """

    file: str
    message: str
    line: int = 0
    document: int = 0
    declared: str = ""
    path: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        place += f" (document {self.document})" if self.document > 1 else ""
        return ": ".join(part for part in (place, self.declared, self.path, self.message) if part)

    def row(self) -> dict[str, str | int]:
        """Return it as a member of a document for machines; what is not known is left out."""
        members: dict[str, str | int] = {
            "file": self.file,
            "line": self.line,
            "document": self.document,
            "object": self.declared,
            "field": self.path,
            "message": self.message,
        }
        return {name: value for name, value in members.items() if value}


class ManifestError(Exception):
    """Some manifest cannot be used; the message lists the faults, each with its file and place."""

    def __init__(self, faults: Iterable[ManifestFault]) -> None:
        self.faults = tuple(faults)
        told = [str(each) for each in self.faults[:SAID]]
        left = len(self.faults) - len(told)
        super().__init__("\n".join([*told, f"… and {left:,} more"] if left else told))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an object stands: in which document of a file, and where in that."""

    file: Path
    document: int = 1
    steps: documents.Steps = ()

    def fault(self, fault: Fault, declared: str) -> ManifestFault:
        """Place a fault of the object, by the file as it is now."""
        line = self._line((*self.steps, *schema.steps_of(fault.path)))
        return ManifestFault(files.shown(self.file), fault.message, line, self.document, declared, fault.path)

    def _line(self, steps: documents.Steps) -> int:
        text = files.text_of(self.file)
        try:
            read = documents.read(text) if isinstance(text, str) else iter(())
            return next((each.line(steps) for each in read if each.number == self.document), 0)
        except DocumentError:
            return 0


@dataclass(frozen=True, slots=True)
class Folder:
    """All that a folder declares.

    Attributes:
        objects: The bodies of the objects of our kinds, with the defaults of their CRDs.
        labels: The labels of every namespace that is declared as an object.
        places: Where the objects stand.
    """

    objects: Mapping[ObjectKey, Body] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    places: Mapping[ObjectKey, Place] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Folder:
        """Read every manifest below ``path``; what is not of our kinds is left alone.

        Raises:
            ManifestError: A file cannot be read or a manifest would be refused.
        """
        found, unreadable = files.manifests(path)
        reading = _Reading([_whole(each) for each in unreadable])
        for file in found:
            reading.take(file)
        if reading.faults:
            raise ManifestError(reading.faults)
        return cls(reading.objects, reading.labels, reading.places)

    def faults(self, key: ObjectKey, rejected: Rejected) -> tuple[ManifestFault, ...]:
        """Return why an object cannot be worked with beside the others, each fault with its file and line."""
        place, declared = self.places.get(key), f"{show(key.kind)} {show(key.name)}"
        return tuple(
            place.fault(each, declared) if place else ManifestFault("", each.message, declared=declared, path=each.path)
            for each in rejected.faults
        )

    def placed(self, key: ObjectKey, rejected: Rejected) -> Rejected:
        """Return the same with the file and line of each fault before its field."""
        told = (str(each).removesuffix(f": {each.message}") for each in self.faults(key, rejected))
        found = (Fault(place, each.message) for place, each in zip(told, rejected.faults, strict=True))
        return Rejected(rejected.reason, tuple(found))

    def rejected(self) -> Mapping[ObjectKey, tuple[ManifestFault, ...]]:
        """Return the faults of what can be read, and not be worked with beside the others."""
        desk, occasion = self.desk(), Occasion(datetime.max.replace(tzinfo=UTC))
        found = {key: _parsed(desk, key, body, occasion) for key, body in self.worked_on.items()}
        return {key: self.faults(key, each) for key, each in found.items() if isinstance(each, Rejected)}

    def desk(self) -> Desk:
        """Return what is declared, ready for passes."""
        return desk_of(self.objects, self.labels)

    @property
    def worked_on(self) -> Mapping[ObjectKey, Body]:
        """What a run without a cluster passes over: organizations, and the policies that need them."""
        return {key: body for kind in WORKED_ON for key, body in self.objects.items() if key.kind == kind}

    def require(self, where: str) -> None:
        """Have something to pass over.

        Raises:
            ManifestError: There is nothing.
        """
        if not self.worked_on:
            raise ManifestError(
                [ManifestFault(where, "there is no CrossAccountBackupPolicy and no BackupOrganization")]
            )

    @property
    def policies(self) -> Mapping[PolicyKey, Body]:
        """The policies."""
        return {key.policy: body for key, body in self.objects.items() if key.kind == POLICY.name}

    @property
    def accounts(self) -> Mapping[str, Body]:
        """The accounts by name."""
        return {key.name: body for key, body in self.objects.items() if key.kind == ACCOUNT.name}

    @property
    def organizations(self) -> Mapping[str, Body]:
        """The organizations by name."""
        return {key.name: body for key, body in self.objects.items() if key.kind == ORGANIZATION.name}


@dataclass(frozen=True, slots=True)
class _Entry:
    """An object in a file: one document, or one item of a list in it."""

    file: Path
    document: Document
    steps: documents.Steps
    body: Mapping[str, Any]

    @property
    def place(self) -> Place:
        return Place(self.file, self.document.number, self.steps)

    @property
    def name(self) -> str:
        metadata = self.body.get("metadata")
        name = metadata.get("name") if isinstance(metadata, Mapping) else None
        return name if isinstance(name, str) else "?"

    def fault(self, fault: Fault) -> ManifestFault:
        """Place a fault of this object in its file."""
        steps = (*self.steps, *schema.steps_of(fault.path))
        declared = f"{show(self.body.get('kind'))} {show(self.name)}"
        return ManifestFault(
            files.shown(self.file), fault.message, self.document.line(steps), self.document.number, declared, fault.path
        )


@dataclass(slots=True)
class _Reading:
    """What has been read so far."""

    faults: list[ManifestFault]
    objects: dict[ObjectKey, Body] = field(default_factory=dict)
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)
    places: dict[ObjectKey, Place] = field(default_factory=dict)
    lines: dict[ObjectKey, str] = field(default_factory=dict)

    def take(self, file: Path) -> None:
        """Read one file."""
        text = files.text_of(file)
        if isinstance(text, files.FileFault):
            self.faults.append(_whole(text))
            return
        name = files.shown(file)
        try:
            for document in documents.read(text):
                for entry in self._entries(file, document):
                    self._take(entry)
        except DocumentError as error:
            self.faults.append(ManifestFault(name, error.message, error.line, error.document))

    def _entries(self, file: Path, document: Document) -> Iterator[_Entry]:
        """Yield the objects of a document in their order; kubectl takes a List apart, too, also in a List."""
        waiting: list[tuple[documents.Steps, Any]] = [((), document.value)]
        while waiting:
            steps, each = waiting.pop()
            if isinstance(each, Mapping) and schema.is_list(each):
                listed = [((*steps, "items", index), inner) for index, inner in enumerate(each["items"])]
                waiting += reversed(listed)
            elif isinstance(each, Mapping):
                yield _Entry(file, document, steps, each)
            else:
                message = f"must be an object, is {kind_of(each)}"
                self.faults.append(ManifestFault(files.shown(file), message, document.line(steps), document.number))

    def _take(self, entry: _Entry) -> None:
        if schema.is_namespace(entry.body):
            faults = tuple(schema.metadata_faults(entry.body))
            self.faults += map(entry.fault, faults)
            if not faults:
                self.labels[entry.name] = entry.body["metadata"].get("labels") or {}
            return
        if not schema.is_ours(entry.body):
            return
        checked = schema.check(entry.body)
        self.faults += map(entry.fault, checked.faults)
        if not checked.faults:
            self._declare(entry, checked.body)

    def _declare(self, entry: _Entry, body: dict[str, Any]) -> None:
        kind = KINDS[body["kind"]]
        # A cluster-scoped object has no namespace, whatever its manifest says; kubectl leaves it out, too.
        namespace = body["metadata"].get("namespace") or "" if kind.namespaced else ""
        key = ObjectKey(kind.name, namespace, entry.name)
        here = f"{files.shown(entry.file)}:{entry.document.line(entry.steps)}"
        there = self.lines.setdefault(key, here)
        if there is not here:
            self.faults.append(entry.fault(Fault("metadata.name", f"is declared twice, before in {there}")))
            return
        faults = kind.faults(body)
        self.faults += map(entry.fault, faults)
        if not faults:
            self.objects[key], self.places[key] = body, entry.place


def _parsed(desk: Desk, key: ObjectKey, body: Body, occasion: Occasion) -> object:
    drawer = desk[POLICY] if key.kind == POLICY.name else desk[ORGANIZATION]
    return drawer.request(key, body, occasion).parsed()


def _whole(fault: files.FileFault) -> ManifestFault:
    return ManifestFault(files.shown(fault.file), plain(fault.message), fault.line)
