"""What moto knows only while it answers one request, and what it does not know then."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def own_snapshots(operation: str, account: str, region: str) -> Iterator[None]:
    """Hide from `ec2:DescribeSnapshots` the snapshots of Amazon's images, which moto keeps in every account."""
    if operation != "ec2:DescribeSnapshots":
        yield
        return
    from moto.ec2.models import ec2_backends  # noqa: PLC0415 - may be absent

    backend = ec2_backends[account][region]
    whole = backend.snapshots
    backend.snapshots = {name: each for name, each in whole.items() if each.owner_id == account}
    try:
        yield
    finally:
        backend.snapshots = whole
