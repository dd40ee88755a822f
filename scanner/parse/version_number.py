"""Version numbers in header values: `nginx/1.18.0`, `PHP/5.6.40`, `Drupal 10`."""

import re

_NUMBER = r"v?[0-9]+(?:\.[0-9A-Za-z\-]+)*"
_AFTER_PRODUCT = re.compile(rf"[A-Za-z][A-Za-z0-9+_\-.]*/{_NUMBER}(?![0-9A-Za-z])")
_DOTTED = re.compile(r"(?<![0-9A-Za-z.:])v?[0-9]+(?:\.[0-9]+)+(?:[.\-][0-9A-Za-z]+)*(?![0-9:]|\.[0-9])")
_ADDRESS = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_BARE = re.compile(r"(?<![0-9A-Za-z.])v?[0-9]+(?![0-9A-Za-z])")


def version_in(value: str, *, bare: bool = False) -> str | None:
    """The first version number in a value, with the product before its slash; None when there is none.

    A number counts after a product and a slash, or with a dot in it; with `bare`, alone too. An IPv4 address is none.
    """
    if (found := _AFTER_PRODUCT.search(value)) is not None:
        return found[0]
    for match in _DOTTED.finditer(value):
        if _ADDRESS.fullmatch(match[0]) is None:
            return match[0]
    if bare and _ADDRESS.search(value) is None and (found := _BARE.search(value)) is not None:
        return found[0]
    return None
