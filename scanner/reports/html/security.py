"""What makes the page inert: its content security policy, and text that a style sheet may hold."""

import base64
import hashlib


def policy(style: str, script: str) -> str:
    """A content security policy under which only this style sheet and this script have any effect, and nothing is fetched."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def css_string(text: str) -> str:
    """The text as a string of CSS (CSS Syntax 3, 4.3.5); nothing in it can end the string or the style element."""
    return '"' + "".join(char if char.isalnum() and char.isascii() else f"\\{ord(char):x} " for char in text) + '"'
