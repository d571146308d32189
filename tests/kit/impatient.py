"""The operator's command with a shorter wait for deletions that AWS keeps from completing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from crossvault.__main__ import main
from crossvault.aws.queue import QueuePlace
from crossvault.cli import operator

_run = operator.run


async def _impatient(settings: Any, audit: timedelta, events: QueuePlace | None = None) -> int:
    return await _run(replace(settings, deletion_wait=timedelta(seconds=4)), audit, events)


if __name__ == "__main__":
    operator.run = _impatient
    main()
