"""Where the framework's file is."""

from importlib.resources import files
from pathlib import Path

FILE = Path(str(files("pindai_contoh").joinpath("contoh-2026.toml")))
