"""The control plane that the tests of one worker share."""

from collections.abc import Iterator

import pytest
from tools import binaries
from tools.controlplane import ControlPlane


@pytest.fixture(scope="session")
def control_plane() -> Iterator[ControlPlane]:
    """A real API server for this session or xdist worker, with the audit log on and without controllers.

    Tests share it, so each makes its own namespace and names, and a test that kills or pauses starts one of its own.
    A missing binary fails here instead of being built: a cold build takes longer than a test may.
    """
    missing = [name for name in ("kube-apiserver", "etcd", "kubectl") if binaries.find(name) is None]
    if missing:
        pytest.fail(f"{', '.join(missing)} missing; run `python -m tools.binaries` first, it shows its progress")
    with ControlPlane.start(audit=True) as plane:
        yield plane
