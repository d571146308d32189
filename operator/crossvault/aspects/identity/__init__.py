"""Who the role of an account leads to: verified before anything is read or written with it (invariant 5)."""

from __future__ import annotations

from dataclasses import replace

from ...engine.looks import UNASKED, Look, Unseen
from ...engine.observed import Sight
from ...engine.parts import Part
from ...engine.plan import Base, Finding, Room, Side
from ...engine.rows import Prerequisite, met, unknown, unmet
from ...words.explanations import EXPLANATIONS
from ...words.problems import ErrorClass
from ...words.reasons import Reason

ROW = "Identity"

IDENTITY: Part[Look[str]] = Part("identity", UNASKED, lambda look: (look,))
"""The account id that GetCallerIdentity returned, already found equal to the declared one."""


def source(base: Base) -> Finding:
    """Judge the account of the source."""
    return Finding((row(base.sight),))


def judge(side: Side) -> Finding:
    """Judge the account of a destination."""
    return Finding((row(side.sight),))


def row(sight: Sight) -> Prerequisite:
    """Judge an account.

    | GetCallerIdentity | row |
    |---|---|
    | the declared account | Met |
    | refused for good, or another account: only somebody can make the answer another one | Unmet |
    | no answer | Unknown; nothing is read, written or started |
    | its External ID is where the operator reads it, and no file does | Unknown, the same |
    """
    account, look = sight.account, sight[IDENTITY]
    if isinstance(look, Unseen):
        problem = look.problem
        if problem.reason is Reason.EXTERNAL_ID_IN_CLUSTER:
            row = unknown(ROW, sight.name, problem, blocks=True, proves=True)
            return replace(row, remedy=EXPLANATIONS[problem.reason].remedy)
        if problem.error_class is ErrorClass.STUCK:
            # What is kept back here stands there.
            who = " The status of the BackupAccount says who asked." if problem.detail else ""
            remedy = f"{EXPLANATIONS[problem.reason].remedy}{who}"
            return unmet(ROW, sight.name, problem.reason, problem.message, remedy, proves=True)
        return unknown(ROW, sight.name, problem, blocks=True, proves=True)
    return met(ROW, sight.name, f"Account {account.name} is {account.account_id}.", proves=True)


ROOM = Room("identity", judge=judge, source=source, rows=(ROW,))
