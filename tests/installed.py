"""Programs that system packages provide."""

import os
import shutil

_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin", "/usr/local/sbin"])
"""Debian keeps nginx in /usr/sbin, which is not on the PATH of an ordinary user."""


def program(name: str) -> str | None:
    """The path of a program, None when it is not installed."""
    return shutil.which(name, path=_PATH)
