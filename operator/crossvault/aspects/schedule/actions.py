"""What is done about a backup plan and its selections. All of it is at the source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from ...engine.declared import VaultRef
from ...engine.kept import KeptWrite
from ...engine.looks import Seen, Unseen
from ...engine.observed import Sight, WriteKey
from ...engine.plan import Change
from ...words.reasons import Reason
from .document import Difference, form_of, selection_form
from .seen import OWNER_TAG, PLANS, BackupPlan, Plans, Selected

ASPECT, SELECTIONS = "backup_plan", "backup_selection"
PLAN_ROW, SELECTIONS_ROW, HAZARDS_ROW = "BackupPlan", "BackupSelections", "Schedule"
IMAGINED = "(to be created)"
"""The id of what is not there yet."""


@dataclass(frozen=True, slots=True)
class _AtSource(KeptWrite):
    """What all of them have in common.

    Attributes:
        vault: The source vault, through whose account the plan is reached.
    """

    vault: VaultRef

    mends: ClassVar[str] = PLAN_ROW

    @property
    def destination(self) -> str:
        """It is about none."""
        return ""

    def _where(self, name: str) -> str:
        return f"{self.vault.account.name}/{name}"


def _changed(sight: Sight, change: Callable[[Plans], Plans]) -> Sight:
    look = sight[PLANS]
    return sight if isinstance(look, Unseen) else sight.having(PLANS, Seen(change(look.value)))


def _instead(plans: Plans, plan_id: str, change: Callable[[BackupPlan], BackupPlan]) -> Plans:
    return Plans(tuple(change(each) if each.id == plan_id else each for each in plans.found))


@dataclass(frozen=True, slots=True)
class CreatePlan(_AtSource):
    """Create the plan with its tags; it runs nothing before it has selections."""

    name: str
    document: Mapping[str, Any] = field(hash=False)
    tags: tuple[tuple[str, str], ...]

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("CreatePlan", self.vault, self.name, repr(self.document))

    def after(self, sight: Sight) -> Sight:
        """Return the source with this plan, which selects nothing."""
        made = BackupPlan(IMAGINED, IMAGINED, self.name, "", form_of(self.document), dict(self.tags))
        return _changed(sight, lambda plans: Plans((*plans.found, made)))

    def told(self) -> Change:
        """Return how a plan lists it."""
        rules = len(self.document["Rules"])
        return Change("add", "backup plan", self._where(self.name), f"{rules} rule{'' if rules == 1 else 's'}")

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        reason = Reason.DRIFT_CORRECTED if repaired else Reason.BACKUP_PLAN_CREATED
        return reason, f"Created backup plan {self.name} in account {self.vault.account.name}."


@dataclass(frozen=True, slots=True)
class UpdatePlan(_AtSource):
    """Replace the version that was seen by what is declared.

    Attributes:
        version: What is replaced; somebody else's later one is not.
        changes: What it has otherwise.
        maker: Who else keeps the plan, in words; empty where nothing is known of it.
    """

    plan_id: str
    name: str
    version: str
    document: Mapping[str, Any] = field(hash=False)
    changes: tuple[Difference, ...]
    maker: str = ""

    bars: ClassVar[bool] = False

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one: also what it replaces."""
        return ("UpdatePlan", self.vault, self.plan_id, self.version, repr(self.document))

    def after(self, sight: Sight) -> Sight:
        """Return the source with this document in the plan."""
        return _changed(
            sight, lambda plans: _instead(plans, self.plan_id, lambda each: replace(each, form=form_of(self.document)))
        )

    def told(self) -> Change:
        """Return how a plan lists it."""
        return Change("change", "backup plan", self._where(self.name), self._changes())

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        reason = Reason.DRIFT_CORRECTED if repaired else Reason.BACKUP_PLAN_UPDATED
        words = f"Restored backup plan {self.name}" if repaired else f"Set backup plan {self.name} as declared"
        return reason, f"{words}: {self._changes()}.{kept_by(self.maker)}"

    def _changes(self) -> str:
        return _told(sorted(self.changes, key=lambda each: "copies" not in each[0]))  # what protects most


def _told(changes: Sequence[Difference]) -> str:
    """Return differences in few words, the first ones first."""
    shown = [f"{path} {old} → {new}" for path, new, old in changes[:3]]
    return "; ".join(shown) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")


def kept_by(maker: str) -> str:
    """Say who else may write a plan; nothing where nothing is known of it."""
    return f" It is kept by {maker}, too, which may write it again." if maker else ""


@dataclass(frozen=True, slots=True)
class TagPlan(_AtSource):
    """Take over a plan, or put its tags right.

    Attributes:
        again: It is the policy's own already, and has lost some of them.
        whose: From whom it is taken over, in words; empty for a plan of nobody.
    """

    plan_id: str
    arn: str
    name: str
    tags: tuple[tuple[str, str], ...]
    again: bool = False
    whose: str = ""

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("TagPlan", self.arn, self.tags)

    @property
    def piece(self) -> str:
        """What is taken over may have to be changed, too."""
        return "take over"

    def after(self, sight: Sight) -> Sight:
        """Return the source with these tags on the plan."""
        tags = dict(self.tags)
        return _changed(
            sight,
            lambda plans: _instead(plans, self.plan_id, lambda each: replace(each, tags={**each.tags, **tags})),
        )

    def told(self) -> Change:
        """Return how a plan lists it."""
        what = "its tags" if self.again else f"taken over{self._from()}, by tag {OWNER_TAG}"
        return Change("change", "backup plan", self._where(self.name), what)

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        if self.again:
            reason = Reason.DRIFT_CORRECTED if repaired else Reason.BACKUP_PLAN_UPDATED
            return reason, f"Put the tags of backup plan {self.name} right."
        return Reason.BACKUP_PLAN_ADOPTED, f"Took over backup plan {self.name} ({self.plan_id}){self._from()}."

    def _from(self) -> str:
        return f" from {self.whose}" if self.whose else ""


@dataclass(frozen=True, slots=True)
class CreateSelection(_AtSource):
    """Let the plan back up something more.

    Attributes:
        owner: Whose plan it is: what makes the request the same when it is repeated.
        instead_of: The ids of the selections of this name that go then.
        changes: What the first of those has otherwise.
    """

    plan_id: str
    name: str
    document: Mapping[str, Any] = field(hash=False)
    owner: str
    instead_of: tuple[str, ...] = ()
    changes: tuple[Difference, ...] = ()

    mends: ClassVar[str] = SELECTIONS_ROW
    bars: ClassVar[bool] = False

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("CreateSelection", self.vault, self.plan_id, self.instead_of, repr(self.document))

    @property
    def piece(self) -> str:
        """A plan has many selections."""
        return f"add {self.name}"

    def after(self, sight: Sight) -> Sight:
        """Return the source with one selection more."""
        made = Selected(f"{IMAGINED} {self.name}", self.name, selection_form(self.document))
        return _changed(
            sight,
            lambda plans: _instead(
                plans, self.plan_id, lambda each: replace(each, selections=(*each.selections, made))
            ),
        )

    def told(self) -> Change:
        """Return how a plan lists it."""
        what = _told(self.changes) if self.instead_of else "what the plan backs up"
        return Change("change" if self.instead_of else "add", "selection", self._where(self.name), what)

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        reason = Reason.DRIFT_CORRECTED if repaired else Reason.BACKUP_PLAN_UPDATED
        changed = f": {_told(self.changes)}" if self.changes else ""
        return reason, f"Added selection {self.name} to the backup plan{changed}."


@dataclass(frozen=True, slots=True)
class DeleteSelection(_AtSource):
    """Let the plan no longer back up what another selection has taken over, or nobody declares."""

    plan_id: str
    name: str
    selection_id: str

    mends: ClassVar[str] = SELECTIONS_ROW

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("DeleteSelection", self.vault, self.plan_id, self.selection_id)

    @property
    def piece(self) -> str:
        """A plan has many selections."""
        return f"remove {self.selection_id}"

    def after(self, sight: Sight) -> Sight:
        """Return the source without the selection."""

        def less(each: BackupPlan) -> BackupPlan:
            return replace(each, selections=tuple(one for one in each.selections if one.id != self.selection_id))

        return _changed(sight, lambda plans: _instead(plans, self.plan_id, less))

    def told(self) -> Change:
        """Return how a plan lists it."""
        return Change("remove", "selection", self._where(self.name), "no longer declared like that")

    def done(self, *, repaired: bool) -> tuple[Reason, str]:
        """Return the event about it."""
        reason = Reason.DRIFT_CORRECTED if repaired else Reason.BACKUP_PLAN_UPDATED
        return reason, f"Removed selection {self.name} from the backup plan."


@dataclass(frozen=True, slots=True)
class DeletePlan(_AtSource):
    """Delete the policy's own plan, which selects nothing any more. Backups and copies stay."""

    plan_id: str
    name: str

    restores: ClassVar[bool] = False

    @property
    def key(self) -> WriteKey:
        """What makes this the same write as another one."""
        return ("DeletePlan", self.vault, self.plan_id)

    def after(self, sight: Sight) -> Sight:
        """Return the source without the plan."""
        return _changed(sight, lambda plans: Plans(tuple(each for each in plans.found if each.id != self.plan_id)))

    def told(self) -> Change:
        """Return how a plan lists it."""
        return Change("remove", "backup plan", self._where(self.name), "deletionPolicy: RemoveOwned; backups stay")

    def done(self, *, repaired: bool) -> tuple[Reason, str]:  # noqa: ARG002 - nobody restores what goes
        """Return the event about it."""
        return Reason.BACKUP_PLAN_REMOVED, f"Removed backup plan {self.name}. No backup was touched."
