"""The writes of policy documents: compared before and read back after; what others wrote in them survives.

AWS has no conditional write. So a policy is read once more right before it is written, as AWS sends it, and what is
written must hold everything of that which is not ours, byte for byte in meaning; whoever planned it is not asked. What
another process changed in the round trip between is found by reading back, and told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..iam import documents, meaning
from ..words.problems import CrossvaultError, ErrorClass, Problem
from ..words.reasons import Reason


@dataclass(frozen=True, slots=True)
class Place:
    """Where one policy lies.

    Attributes:
        arn: Of what it is the policy.
        where: It in words, at the beginning of a sentence.
        read: Reads it; None where there is none.
        send: Writes it; None removes it.
        prefixes: How the Sids of our statements begin.
    """

    arn: str
    where: str
    read: Callable[[], str | None]
    send: Callable[[str | None], None]
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Edit:
    """What is planned: ``document`` in the place of ``expected``; they differ in statements of ours only.

    ``replaces`` holds the statements of ``expected`` that are ours, as canonical JSON: nothing else may be lost.
    """

    expected: str | None
    document: str | None
    replaces: frozenset[str] = frozenset()

    def is_ours(self, statement: Mapping[str, Any]) -> bool:
        """Tell whether a statement is one that goes."""
        return documents.canonical(statement) in self.replaces


@dataclass(frozen=True, slots=True)
class Written:
    """What was written in the place of what, and how many statements of others stand there."""

    before: str | None
    after: str | None
    others: int


class PolicyWrites:
    """Writes policies of one kind; to be called in the turn of each."""

    def __init__(self) -> None:
        # What stood in a policy after this process had written it: a difference to that is somebody else's.
        self._left: dict[str, str | None] = {}

    def write(self, place: Place, edit: Edit) -> Written | None:
        """Put what is planned in the place of what is expected; return what was written, None if it stood there.

        Raises:
            CrossvaultError: Somebody changed the policy before or meanwhile, or AWS refuses.
        """
        there = _read(place)
        document = edit.document
        if there != edit.expected:
            # Another policy of this process may have written since the look; anybody else has the first word.
            if place.arn not in self._left or self._left[place.arn] != there:
                raise CrossvaultError(_changed(place, "was changed by somebody since it was read. Nothing was written"))
            document = _anew(place, there, edit)
        if document == there:
            return None
        if _loses(place, there, document, edit):
            raise CrossvaultError(_would_lose(place))
        self._left.pop(place.arn, None)
        place.send(document)
        self._verify(place, edit, there, document)
        return Written(there, document, _parts(place, there, edit)[1].total())

    def _verify(self, place: Place, edit: Edit, before: str | None, document: str | None) -> None:
        """Read back what was written; where that cannot be seen, the next look tells."""
        try:
            after = place.read()
            if after == before:  # older than the write, perhaps
                after = place.read()
        except CrossvaultError:
            return
        lost = _lost(document, after)
        back = [each for each in _statements(after) if edit.is_ours(each)] if document is None else []
        if back:
            lost = [f"without {back[0].get('Sid')}"]
        if lost:
            raise CrossvaultError(_changed(place, f"was changed by somebody while it was written: {_named(lost)}"))
        self._left[place.arn] = after


def _read(place: Place) -> str | None:
    """Read a policy; that there is none is asked twice, because nothing would be kept of what was overlooked."""
    first = place.read()
    return first if first is not None else place.read()


# --- Documents, read apart from those who plan ---------------------------------------------------------------------


def _anew(place: Place, there: str | None, edit: Edit) -> str | None:
    """Return what is planned for a policy that another one of this process has written meanwhile."""
    try:
        return _edited(there, edit)
    except documents.MalformedPolicyError as error:
        raise CrossvaultError(_changed(place, "cannot be read any more. Nothing was written")) from error


def _edited(there: str | None, edit: Edit) -> str | None:
    before = {documents.canonical(each) for each in _statements(edit.expected)}
    added = [each for each in documents.statements(edit.document) if documents.canonical(each) not in before]
    if edit.document is None or not added:
        goes = there is not None and any(map(edit.is_ours, _statements(there)))
        return documents.remove(there, edit.is_ours) if there is not None and goes else there
    document = there
    for each in added:
        if not any(meaning.same_meaning(each, other) for other in documents.statements(document)):
            document = documents.put(document, each, _replaced_by(each, edit))
    return document


def _replaced_by(added: Mapping[str, Any], edit: Edit) -> documents.Which:
    """Return what tells the statement in whose place another one is put: that of its Sid, else the first that goes."""
    replaced = [each for each in _statements(edit.expected) if edit.is_ours(each)]
    same = any(each.get("Sid") == added.get("Sid") for each in replaced)
    return lambda each: edit.is_ours(each) and (not same or each.get("Sid") == added.get("Sid"))


def _loses(place: Place, there: str | None, document: str | None, edit: Edit) -> bool:
    """Tell whether anything that is not ours would be lost or changed by writing ``document``."""
    try:
        frame, others = _parts(place, there, edit)
        new_frame, new_others = _parts(place, document, edit)
    except (ValueError, AttributeError):
        return True
    return bool(others - new_others) or (there is not None and document is not None and frame != new_frame)


def _parts(place: Place, document: str | None, edit: Edit) -> tuple[dict[str, Any], Counter[str]]:
    """Return the members around the statements, and how often each statement stands there that is not ours.

    Whatever the plan took for ours: one whose Sid does not begin as ours do is somebody else's.
    """
    if document is None:
        return {}, Counter()
    whole = json.loads(document)
    listed = whole.pop("Statement", [])
    listed = listed if isinstance(listed, list) else [listed]
    foreign = (each for each in listed if not (_has_our_sid(place, each) and _text(each) in edit.replaces))
    return whole, Counter(map(_text, foreign))


def _has_our_sid(place: Place, statement: Mapping[str, Any]) -> bool:
    found = statement.get("Sid")
    return isinstance(found, str) and found.startswith(place.prefixes)


def _text(statement: Mapping[str, Any]) -> str:
    return json.dumps(statement, sort_keys=True, separators=(",", ":"))


def _lost(document: str | None, after: str | None) -> list[str]:
    """Return the Sids, or positions, of what was written and does not stand there."""
    try:
        found = documents.statements(after)
    except documents.MalformedPolicyError:
        found = ()
    return [
        str(each.get("Sid") or f"number {position}")
        for position, each in enumerate(documents.statements(document), 1)
        if not any(meaning.same_meaning(each, other) for other in found)
    ]


def _statements(document: str | None) -> tuple[dict[str, Any], ...]:
    try:
        return documents.statements(document)
    except documents.MalformedPolicyError:
        return ()


# --- Words ---------------------------------------------------------------------------------------------------------


def _named(lost: list[str]) -> str:
    if lost[0].startswith("without "):
        return f"statement {lost[0].removeprefix('without ')} stands there again"
    statements = "statement" if len(lost) == 1 else "statements"
    return f"{statements} {', '.join(lost[:3])}{', …' if len(lost) > 3 else ''} that stood in what was written"


def _changed(place: Place, how: str) -> Problem:
    words = f"{place.where} {how}; the next pass starts from the new one."
    return Problem(Reason.CHANGED_MEANWHILE, words, ErrorClass.RETRY)


def _would_lose(place: Place) -> Problem:
    words = (
        f"{place.where} was not written: a statement of somebody else would have been lost or changed. "
        "Please report this as a bug of Crossvault."
    )
    return Problem(Reason.INTERNAL_ERROR, words, ErrorClass.BUG)
