"""What the backup plans of many policies in one account cost in calls: made in the first interval, silent from then on.

Everything is in this process and in virtual time; counted are the calls for plans, selections and what those mean.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import yaml

from backup_simulator.calls import mutates
from backup_simulator.transport import InProcess
from crossvault.kinds import POLICY

from . import worlds
from .prerequisites import Run

PLANS, TEAMS = 300, 10
"""So many policies, whose selections are those of so many teams."""
INTERVALS = 12
"""So many are counted after the first: an hour."""
NOW_AND_THEN = 3
"""How often in them is read what may be 25 minutes old: in the first of them, which follow what was written."""
OF_PLANS = frozenset(
    {
        *("ListBackupPlans", "GetBackupPlan", "ListTags", "ListBackupSelections", "GetBackupSelection", "GetResources"),
        *("CreateBackupPlan", "UpdateBackupPlan", "DeleteBackupPlan", "TagResource"),
        *("CreateBackupSelection", "DeleteBackupSelection", "ListBackupJobs", "GetRole"),
    }
)


def measure() -> dict[str, Any]:
    """Pass over all policies, evenly spread over each interval, and count the calls."""
    cloud = InProcess(worlds.at_rest(worlds.world(pairs=1, vaults=PLANS, points=1)))
    run = Run(cloud, manifests(), counts=OF_PLANS.__contains__)
    began = time.monotonic()
    first = run.interval()
    later = sum((run.interval() for _ in range(INTERVALS)), Counter[str]())
    floors = {"first": _first(), "later": _later()}
    calls = {"first": first, "later": later}
    rows = [row for status in run.statuses(POLICY.name) for row in status["prerequisites"]]
    run.close()
    return {
        "plans": PLANS,
        "as_declared": sum(each["name"] == "BackupSelections" and each["status"] == "Met" for each in rows),
        "intervals": 1 + INTERVALS,
        "calls": {name: dict(sorted(each.items())) for name, each in calls.items()},
        "floor": {name: dict(sorted(each.items())) for name, each in floors.items()},
        "writes_first_interval": sum(count for name, count in first.items() if mutates(name)),
        "writes_later": sum(count for name, count in later.items() if mutates(name)),
        "calls_per_later_interval": round(later.total() / INTERVALS, 1),
        "ratio_first_interval": round(first.total() / floors["first"].total(), 3),
        "ratio_later_intervals": round(later.total() / floors["later"].total(), 3),
        "seconds": round(time.monotonic() - began, 1),
    }


def manifests() -> str:
    """Return the policies, each with a schedule of its own."""
    bodies = list(yaml.safe_load_all(worlds.manifests(pairs=1, vaults=PLANS, reads_per_second=1000)))
    for number, body in enumerate(each for each in bodies if each["kind"] == POLICY.name):
        body["metadata"]["uid"] = f"uid-{number}"
        rule = {"name": "daily", "cron": f"cron(0 {number % 24} ? * * *)", "lifecycle": {"deleteAfterDays": 35}}
        team = {"name": "team", "role": "copy-role", "tags": {"team": f"team-{number % TEAMS}"}}
        body["spec"]["schedule"] = {"rules": [rule], "selections": [team]}
    return yaml.safe_dump_all(bodies, sort_keys=False)


def _first() -> Counter[str]:
    """Return the calls without which no plan is made and seen to be there, by operation.

    Each is made with its one selection. What was written is seen after it: a list of plans after each plan, its form,
    its tags and its selections, those again after the selection, and the selection itself. Of what is selected one
    list for each team; of the account one list of backup jobs, and the one role that backs up and copies.
    """
    return Counter(
        {
            **dict.fromkeys(("CreateBackupPlan", "CreateBackupSelection"), PLANS),
            "ListBackupPlans": 1 + PLANS,
            **dict.fromkeys(("GetBackupPlan", "ListTags", "GetBackupSelection"), PLANS),
            "ListBackupSelections": 2 * PLANS,
            "GetResources": TEAMS,
            **dict.fromkeys(("ListBackupJobs", "GetRole"), 1),
        }
    )


def _later() -> Counter[str]:
    """Return the calls without which the picture would be older than it may be, by operation.

    In each interval the plans of the account, whose versions tell which have changed, and the backup jobs that have
    ended; now and then of each plan what has no version: its tags and its selections. Once an hour what is selected,
    and the role.
    """
    return Counter(
        {
            **dict.fromkeys(("ListBackupPlans", "ListBackupJobs"), INTERVALS),
            "GetRole": 1,
            **dict.fromkeys(("ListTags", "ListBackupSelections"), NOW_AND_THEN * PLANS),
            "GetResources": TEAMS,
        }
    )
