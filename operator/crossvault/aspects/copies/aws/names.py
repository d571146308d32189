"""Under which names what lies in vaults is read and kept."""

from __future__ import annotations

from ....aws.entered import Fingerprint
from ....aws.reads import ReadKey

POINTS_READ, COPIES_READ = "points", "copies"


def points_key(entry: Fingerprint, region: str, name: str) -> ReadKey:
    """Name what a vault holds."""
    return (POINTS_READ, entry, region, name)


def copies_key(entry: Fingerprint, region: str, name: str, source: Fingerprint, source_region: str) -> ReadKey:
    """Name what a destination vault holds as those see it who copy into it from one place."""
    return (COPIES_READ, entry, region, name, source, source_region)
