"""What is decided once: may a policy act, is a job running, is the picture whole."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from tests.kit.builders import NOW, UNSEEN, ago, desired, destination, job_for, observed, point, sight
from tests.kit.judging import diff

import crossvault
from crossvault.aspects.copies.aws.ledger import StartedCopies, jobs_key
from crossvault.aspects.copies.contents import ARRIVALS, POINTS, contents
from crossvault.aspects.copies.figures import figures
from crossvault.aspects.copies.jobs import JobBook
from crossvault.aspects.copies.judged import Judged, standings_of
from crossvault.aspects.copies.planned import State
from crossvault.aspects.identity import IDENTITY
from crossvault.aspects.vault.seen import VAULT
from crossvault.aspects.vault_policy import POLICY
from crossvault.aws.reads import SharedReads
from crossvault.engine.declared import Mode
from crossvault.engine.observed import Observed
from crossvault.engine.plan import restrict

PRODUCT = Path(crossvault.__file__).parent


@pytest.mark.parametrize("suspend", [False, True])
@pytest.mark.parametrize("mode", list(Mode))
def test_a_policy_acts_exactly_while_nothing_declared_holds_it(mode: Mode, *, suspend: bool) -> None:
    """Mode and suspension decide together, and what is held tells what would end it."""
    wanted = desired(destination(), mode=mode, suspend=suspend)
    seen = observed((point(),), sight())
    acts = bool(restrict(diff(wanted, seen), wanted).actions)
    assert wanted.acts is acts is (mode is Mode.ENFORCE and not suspend)
    assert wanted.held_by == (
        *(["spec.suspend: false"] if suspend else []),
        *(["spec.mode: Enforce"] if mode is Mode.OBSERVE else []),
    )


@pytest.mark.parametrize(
    ("state", "running"),
    [("CREATED", True), ("RUNNING", True), ("ABORTING", True), ("A_STATE_OF_2031", True)]
    + [(ended, False) for ended in ("COMPLETED", "PARTIAL", "FAILED", "ABORTED", "EXPIRED")],
)
def test_everybody_takes_the_same_jobs_for_running(state: str, *, running: bool) -> None:
    """Standings, figures and the budget of an account agree, also about a state that is yet to be invented."""
    one = point()
    job = replace(job_for(one, state=state, completed=None if running else ago(days=1)), id="j")
    seen = observed((one,), sight(jobs=(job,)))
    wanted = desired(destination())
    (standing,) = standings_of(diff(wanted, seen))["dr"]
    counted = figures(wanted.destinations[0], seen.destinations[0], Judged((standing,)), looked=True)
    reads = SharedReads(lambda: NOW)
    entry = ("111111111111", None, None, ())
    reads.get(jobs_key(entry, "eu-west-1"), NOW - timedelta(hours=1), lambda: JobBook((job,)))
    told = {
        job.is_running,
        standing.state is State.IN_PROGRESS,
        counted.oldest_running is not None,
        len(StartedCopies(reads).in_progress(entry, NOW)) == 1,
    }
    assert told == {running}


LOOKS_OF_DESTINATION = ("vault", "policy", "copies", "jobs")


@pytest.mark.parametrize("missing", ["", "source", "source_vault", "points", "account", *LOOKS_OF_DESTINATION])
def test_a_picture_is_whole_unless_a_look_that_it_needs_failed(missing: str) -> None:
    """Each look counts, and two vaults are compared only when both of them and the jobs were seen."""
    seen = _without(observed((point(),), sight()), missing)
    assert (seen.problem is None) is (missing == "")
    compared = contents(seen.source, seen.destinations[0]) is not None
    assert compared is (missing not in {"points", "copies", "jobs"})
    assert bool(standings_of(diff(desired(destination()), seen))["dr"]) is compared


def test_a_key_that_could_not_be_looked_at_leaves_the_picture_whole() -> None:
    """A key that AWS would let us copy with must not wait for a permission to look."""
    seen = observed((point(),), sight(vault_key=UNSEEN, wanted_key=UNSEEN))
    assert seen.problem is None


def _without(seen: Observed, missing: str) -> Observed:
    """Take one look out of a picture."""
    there, source = seen.destinations[0], seen.source
    match missing:
        case "source":
            source = source.having(IDENTITY, UNSEEN)
        case "source_vault":
            source = source.having(VAULT, UNSEEN)
        case "points":
            source = source.having(POINTS, UNSEEN)
        case "account":
            there = there.having(IDENTITY, UNSEEN)
        case "vault":
            there = there.having(VAULT, UNSEEN)
        case "policy":
            there = there.having(POLICY, UNSEEN)
        case "copies":
            there = there.having(ARRIVALS, replace(there[ARRIVALS], copies=UNSEEN))
        case "jobs":
            there = there.having(ARRIVALS, replace(there[ARRIVALS], jobs=UNSEEN))
    return replace(seen, source=source, destinations=(there,))


DECIDED_IN_THE_MODEL = {
    "suspend": {
        "engine/declared.py",
        "kinds/policy/parse.py",
        "kinds/policy/conditions.py",
        "cli/plans.py",
        "kinds/policy/summary.py",
    },
    "OBSERVE": {"engine/declared.py", "kinds/policy/conditions.py", "kinds/policy/stakes.py"},
    "ENFORCE": {"engine/declared.py", "kinds/policy/parse.py"},
    "ENDED_STATES": {"aspects/copies/seen.py"},
}
"""Who may name what decides: the model decides, a parser fills it in, and who prints tells which of them it is."""


@pytest.mark.parametrize("name", DECIDED_IN_THE_MODEL)
def test_nobody_decides_a_second_time(name: str) -> None:
    """What decides is named where it is decided, and where it is printed."""
    users = set()
    for path in PRODUCT.rglob("*.py"):
        tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        named = {each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in tree}
        if name in named:
            users.add(str(path.relative_to(PRODUCT)))
    assert users <= DECIDED_IN_THE_MODEL[name]
