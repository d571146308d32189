"""Where the real Kubernetes binaries come from: found, built, or fetched; none of this needs a server or Go."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.kit.machine import FAKE_GO, program
from tools import archives, binaries

ROOT = Path(__file__).parents[2]


def kubectl_version(minor: str) -> str:
    """The answer of ``kubectl version --client --output=json``."""
    return f"""echo '{{"clientVersion": {{"major": "1", "minor": "{minor}", "gitVersion": "v1.{minor}.0"}}}}'"""


class TestBinaries:
    """Where binaries come from."""

    def test_set_assets_folder_wins_for_what_it_contains(
        self, machine: Path, go_log: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """KUBEBUILDER_ASSETS is before the cache; what it lacks is made."""
        assets = machine / "assets"
        program(assets, "kube-apiserver", "true")
        program(binaries.cache_folder(), "kube-apiserver", "true")
        monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))

        assert binaries.ensure("kube-apiserver", "etcd") == {
            "kube-apiserver": assets / "kube-apiserver",
            "etcd": binaries.cache_folder() / "etcd",
        }
        assert len(go_log.read_text().splitlines()) == 1

    def test_cache_is_used_without_go(self, machine: Path) -> None:
        """What was built once is found."""
        cached = program(binaries.cache_folder(), "etcd", "true")

        assert cached.is_relative_to(machine / "cache" / "crossvault")
        assert binaries.ensure("etcd") == {"etcd": cached}

    def test_cache_folder_names_the_pinned_versions(self, machine: Path) -> None:
        """A new pin is a new folder."""
        name = binaries.cache_folder().name
        for tool in ("kube-apiserver", "etcd", "helm"):
            assert binaries.TOOLS[tool].version().removeprefix("v") in name

        assert machine in binaries.cache_folder().parents

    @pytest.mark.parametrize(
        ("name", "answer", "accepted"),
        [
            pytest.param("kubectl", kubectl_version("28"), True, id="the oldest kubectl that we accept"),
            pytest.param("kubectl", kubectl_version("32+"), True, id="a vendor's minor version"),
            pytest.param("kubectl", kubectl_version("27"), False, id="a kubectl too old"),
            pytest.param("kubectl", kubectl_version("x"), False, id="one that cannot tell"),
            pytest.param("kubectl", "exit 1", False, id="one that fails"),
            pytest.param("helm", "echo v4.0.0", True, id="the oldest Helm that we accept"),
            pytest.param("helm", "echo v3.19.0", False, id="a Helm too old"),
            pytest.param("helm", "echo Dev", False, id="a Helm that cannot tell"),
        ],
    )
    def test_what_people_have_is_taken_when_new_enough(
        self, machine: Path, go_log: Path, name: str, answer: str, accepted: bool
    ) -> None:
        """Their own kubectl or Helm saves a build."""
        own = program(machine / "bin", name, answer)

        assert (binaries.ensure(name)[name] == own) is accepted
        assert go_log.exists() is not accepted

    @pytest.mark.parametrize("name", binaries.TOOLS)
    def test_build_is_pinned_and_placed(self, machine: Path, go_log: Path, name: str) -> None:
        """Each binary is built inside its own module, read-only, and nothing else stays in the cache."""
        path = binaries.ensure(name)[name]
        folder, _, arguments = go_log.read_text().partition(": ")

        assert path.parent.parent.parent == machine / "cache"
        assert Path(folder) == binaries.TOOLS[name].source
        assert "-mod=readonly" in arguments
        assert {entry.name for entry in path.parent.iterdir()} == {name, ".lock"}

    def test_failed_build_leaves_nothing_and_tells_why(self, go_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next run tries again."""
        monkeypatch.setenv("FAKE_GO_FAILS", "yes")

        with pytest.raises(binaries.BinaryMissingError, match=r"(?s)go build of etcd.*package x is broken"):
            binaries.ensure("etcd")
        assert [entry.name for entry in binaries.cache_folder().iterdir()] == [".lock"]

        monkeypatch.delenv("FAKE_GO_FAILS")
        assert binaries.ensure("etcd")["etcd"].exists()
        assert len(go_log.read_text().splitlines()) == 2

    @pytest.mark.usefixtures("go_log")
    def test_leftovers_of_the_killed_are_removed(self, machine: Path) -> None:
        """A build or a download that was killed costs its space only until the next one."""
        for folder in (binaries.cache_folder(), binaries.archive_folder(archives.ENVTEST)):
            program(folder / ".build-dead", "etcd", "true")
        binaries.ensure("etcd")

        assert list((machine / "cache").glob("**/.build-dead")) == []

    def test_two_processes_build_once(self, machine: Path, go_log: Path) -> None:
        """The second waits for the first and uses what it made."""
        program(machine / "bin", "go", "[ $1 = env ] || /bin/sleep 1" + FAKE_GO)
        command = [sys.executable, "-m", "tools.binaries", "etcd"]
        processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        answers = {process.communicate(timeout=60)[0].strip() for process in processes}

        assert answers == {str(binaries.cache_folder())}
        assert len(go_log.read_text().splitlines()) == 1

    @pytest.mark.usefixtures("go_log")
    def test_old_go_is_named_with_the_remedy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An old Go gives one clear message instead of a failing build."""
        monkeypatch.setenv("FAKE_GO_VERSION", "go1.19.4")

        with pytest.raises(binaries.BinaryMissingError, match=r"too old.*go1\.19\.4.*Install Go 1\.26.*KUBEBUILDER_"):
            binaries.ensure("etcd")

    @pytest.mark.usefixtures("machine")
    @pytest.mark.parametrize(
        ("name", "instead"),
        [
            ("helm", "or put Helm 4 on the PATH"),
            ("etcd", "or set KUBEBUILDER_ASSETS"),
            ("kube-controller-manager", r"newer\.$"),
        ],
    )
    def test_without_go_the_message_tells_what_to_install(self, name: str, instead: str) -> None:
        """What can be done instead differs from one to the other."""
        with pytest.raises(binaries.BinaryMissingError, match=f"{name} v.*no Go.*Install Go 1.26.*{instead}"):
            binaries.ensure(name)

    @pytest.mark.usefixtures("machine")
    def test_unknown_binary_is_refused(self) -> None:
        """A typing error is not a missing binary."""
        with pytest.raises(binaries.BinaryMissingError, match="kubelet is not one of"):
            binaries.ensure("kubelet")
