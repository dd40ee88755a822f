"""Plug-ins for tests: wheels made by hand, so that no build back end and no network is needed, and really installed.

site = installed_example(tmp_path)        # a folder for PYTHONPATH, where importlib.metadata finds the distribution
"""

import base64
import hashlib
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

EXAMPLE = Path(__file__).parent / "example_plugin"


def wheel(
    folder: Path, name: str, version: str, files: Mapping[str, str], entry_points: Mapping[str, Mapping[str, str]]
) -> Path:
    """A wheel of these files (by their path in it) with these entry points by group (PEP 427)."""
    escaped = name.replace("-", "_")
    info = f"{escaped}-{version}.dist-info"
    points = "".join(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in entries.items()) + "\n"
        for group, entries in entry_points.items()
    )
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": points,
    }
    record = "".join(f"{path},sha256={_hashed(text)},{len(text.encode())}\n" for path, text in content.items())
    path = folder / f"{escaped}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(inner, text)
    return path


def _hashed(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


def install(site: Path, *wheels: Path) -> Path:
    """Install wheels into a folder, as pip does."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    words = [*command, "--disable-pip-version-check", "--target", str(site), *map(str, wheels)]
    subprocess.run(words, check=True, capture_output=True, text=True)
    return site


def example_files(marker: Path | None = None) -> dict[str, str]:
    """The files of the example by their path in the wheel. What is imported of it is noted in `marker`."""
    folder = EXAMPLE / "src"
    files = {
        str(path.relative_to(folder)): path.read_text("utf-8")
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".py", ".toml")
    }
    if marker is not None:
        files["pindai_contoh/__init__.py"] += (
            f"\nwith open({str(marker)!r}, 'a') as _marker:\n    _marker.write('imported\\n')\n"
        )
    return files


def example_entry_points() -> dict[str, dict[str, str]]:
    """As its pyproject.toml has them."""
    points: dict[str, dict[str, str]] = tomllib.loads((EXAMPLE / "pyproject.toml").read_text("utf-8"))["project"][
        "entry-points"
    ]
    return points


def example_wheel(folder: Path, *, version: str = "1.0", marker: Path | None = None) -> Path:
    """The example in a wheel."""
    return wheel(folder, "pindai-contoh", version, example_files(marker), example_entry_points())


def installed_example(folder: Path, *, version: str = "1.0", marker: Path | None = None) -> Path:
    """The example, installed into a folder of its own."""
    return install(folder / f"site-{version}", example_wheel(folder, version=version, marker=marker))
