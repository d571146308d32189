"""Where the real Kubernetes binaries come from: found, built, or fetched; none of this needs a server or Go."""

import http.server
import io
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from hashlib import sha512
from pathlib import Path

import pytest
from tools import binaries, envtest

ROOT = Path(__file__).parents[2]


def program(folder: Path, name: str, text: str) -> Path:
    """Write a shell script that stands for a binary."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing of ours: an empty cache, and a PATH that holds only ``bin``."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path


FAKE_GO = """
if [ "$1" = env ]; then echo "${FAKE_GO_VERSION:-go1.99.0}"; exit; fi
echo "$PWD: $*" >> "$FAKE_GO_LOG"
[ -z "$FAKE_GO_FAILS" ] || { echo package x is broken; exit 1; }
while [ "$1" != -o ]; do shift; done
echo '#!/bin/sh' > "$2"
/bin/chmod +x "$2"
"""


@pytest.fixture
def go_log(machine: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Go that writes down what it is asked; returns that log."""
    program(machine / "bin", "go", FAKE_GO)
    monkeypatch.setenv("FAKE_GO_LOG", str(machine / "go.log"))
    return machine / "go.log"


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
        ("minor", "accepted"),
        [
            pytest.param("28", True, id="the oldest that we accept"),
            pytest.param("32+", True, id="a vendor's minor version"),
            pytest.param("27", False, id="one too old"),
            pytest.param("x", False, id="one that cannot tell"),
        ],
    )
    def test_kubectl_of_the_path_is_taken_when_new_enough(
        self, machine: Path, go_log: Path, minor: str, accepted: bool
    ) -> None:
        """People's own kubectl saves a build."""
        own = program(machine / "bin", "kubectl", kubectl_version(minor))

        assert (binaries.ensure("kubectl")["kubectl"] == own) is accepted
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
    def test_leftover_of_a_killed_build_is_removed(self) -> None:
        """A build that was killed costs its space only until the next one."""
        program(binaries.cache_folder() / ".build-dead", "etcd", "true")
        binaries.ensure("etcd")

        assert not (binaries.cache_folder() / ".build-dead").exists()

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
    @pytest.mark.parametrize("name", ["helm", "kube-controller-manager"])
    def test_without_go_the_message_tells_what_to_install(self, name: str) -> None:
        """The envtest archive does not have these; the message says so by its remedy."""
        with pytest.raises(binaries.BinaryMissingError, match=f"{name} v.*no Go.*Install Go 1.26"):
            binaries.ensure(name)

    @pytest.mark.usefixtures("machine")
    def test_unknown_binary_is_refused(self) -> None:
        """A typing error is not a missing binary."""
        with pytest.raises(binaries.BinaryMissingError, match="kubelet is not one of"):
            binaries.ensure("kubelet")


@pytest.fixture
def archive(machine: Path) -> Iterator[tuple[str, str]]:
    """An envtest archive behind a web server on loopback; gives address and checksum."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as bundle:
        for name in envtest.CONTAINS:
            member = tarfile.TarInfo(f"controller-tools/envtest/{name}")
            member.size = len(name)
            bundle.addfile(member, io.BytesIO(name.encode()))
    served = machine / "served"
    served.mkdir()
    (served / "a.tar.gz").write_bytes(content.getvalue())

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args, directory=str(served))  # type: ignore[arg-type]  # passed on as they came

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/a.tar.gz", sha512(content.getvalue()).hexdigest()
        server.shutdown()


class TestEnvtestArchive:
    """The way for machines without Go."""

    def test_binaries_of_the_right_archive_are_placed(self, archive: tuple[str, str]) -> None:
        """After the download the binaries are found like built ones."""
        address, checksum = archive
        envtest.download("linux-amd64", binaries.envtest_folder(), url=address, checksum=checksum)

        assert binaries.find("etcd") == binaries.envtest_folder() / "etcd"
        assert {entry.name for entry in binaries.envtest_folder().iterdir()} == set(envtest.CONTAINS)

    def test_archive_with_another_checksum_is_refused(self, archive: tuple[str, str]) -> None:
        """Nothing of an archive is unpacked before its checksum is right."""
        with pytest.raises(envtest.ArchiveError, match="has SHA-512"):
            envtest.download("linux-amd64", binaries.envtest_folder(), url=archive[0])
        assert list(binaries.envtest_folder().iterdir()) == []

    def test_failed_download_tells_the_remedy(self, archive: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
        """Without Go and without internet the message says what to install."""
        monkeypatch.setattr(envtest.download, "__kwdefaults__", {"url": archive[0] + "x", "checksum": None})

        with pytest.raises(binaries.BinaryMissingError, match=r"404.*Install Go"):
            binaries.ensure("etcd")

    def test_each_platform_has_a_checksum_of_full_length(self) -> None:
        """A shortened pin would never match."""
        assert all(len(checksum) == 128 for checksum in envtest.SHA512.values())
