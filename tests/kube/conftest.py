"""The control plane that the tests of one worker share, and a machine that has nothing yet."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kit.machine import FAKE_GO, program
from tools import archives, binaries
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


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing of ours: an empty cache, a PATH that holds only ``bin``, and nothing is downloaded."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv(archives.OFF, "1")
    return tmp_path


@pytest.fixture
def go_log(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go that writes down what it is asked; returns that log."""
    program(machine / "bin", "go", FAKE_GO)
    monkeypatch.setenv("FAKE_GO_LOG", str(machine / "go.log"))
    return machine / "go.log"
