"""Why jobs failed: the rule that a job broke, what was refused to whom, and what the job names that is not there.

AWS tells only a text, and of some texts there are many causes; tests of policies and their authors want to know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ...fidelity import Behaviour
from ...records.access import Explanation
from ...records.state import CopyJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from ...records.access import Refusal
    from ...records.backups import BackupJob
    from ...records.state import State

Attempt = TypeVar("Attempt")


class Told(NamedTuple):
    """The rule that was broken, and what the job says of it."""

    rule: str
    message: str
    category: str


def judged(
    state: State, broken: Callable[[Attempt], str | None], attempt: Attempt
) -> tuple[str | None, tuple[Refusal, ...]]:
    """The message of a rule if it is broken, and what was refused while it was judged."""
    heard: list[Refusal] = []
    state.refused = heard
    try:
        return broken(attempt), tuple(heard)
    finally:
        state.refused = None


def explain(
    state: State, job: CopyJob | BackupJob, told: Told, refused: Iterable[Refusal], named: Mapping[str, object]
) -> None:
    """Remember why a job fails; `named` has what it names by ARN, None for what is not there."""
    kind = "copy" if isinstance(job, CopyJob) else "backup"
    missing = tuple(arn for arn, found in named.items() if found is None)
    refusals = tuple(dict.fromkeys(refused))
    state.explanations.append(Explanation(state.now(), kind, job.job_id, job.account, *told, refusals, missing))


FIDELITY = (
    Behaviour(
        "Why a job failed is told from outside: rule, refused actions and their policies, what is missing",
        "ours",
        "test_explanations.py::test_of_one_text_the_cause_is_told",
    ),
)
