"""What must hold, always (design, section 4), each with what it looks at, step by step. Registered here, once."""

from __future__ import annotations

from ..steps import Invariant
from . import copies, evidence, holdings, quiet, reach, restraint, told

INVARIANTS: tuple[Invariant, ...] = (
    Invariant(1, "nothing that holds backups is deleted", holdings.nothing_is_deleted),
    Invariant(2, "no action leaves less protected than before", holdings.nothing_wanted_is_lost),
    Invariant(3, "what is of others survives, byte for byte", holdings.others_survive),
    Invariant(4, "a namespace reaches what it was granted", reach.only_what_is_granted),
    Invariant(5, "an identity is verified before it is used", reach.verified_before),
    Invariant(6, "no recovery point is copied twice to one destination", copies.one_copy_each),
    Invariant(7, "what could not be seen is not told as seen", told.unseen_is_unknown),
    Invariant(8, "nothing is written when nothing changed", quiet.nothing_without_need),
    Invariant(9, "who observes, or is suspended, changes nothing", restraint.observers_only_look),
    Invariant(10, "what is told was observed", told.observed_not_assumed),
    Invariant(11, "a deletion removes what RemoveOwned says, or nothing", restraint.endings_remove_what_is_ordered),
    Invariant(12, "half an answer is none", evidence.halves_are_none),
    Invariant(13, "nothing is started on evidence that contradicts itself", evidence.no_start_in_doubt),
    Invariant(14, "the last figures stay", told.figures_stay),
)
