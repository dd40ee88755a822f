"""Version numbers in the headers of an answer."""

from collections.abc import Iterator

from msgspec import Struct

from scanner.derive.service import Page
from scanner.parse.version_number import version_in

_PRODUCT_HEADERS = frozenset({"server", "x-powered-by", "x-powered-cms", "x-server", "x-served-by-software"})
_VERSION_HEADERS = frozenset(
    {
        "liferay-portal",
        "microsoftsharepointteamservices",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-generator",
        "x-jenkins",
        "x-mod-pagespeed",
        "x-owa-version",
        "x-page-speed",
        "x-php-version",
    }
)
"""Fields that name one product, in which a number alone is its version."""


class VersionTold(Struct, frozen=True):
    """A header that tells a version, by the name it was sent under."""

    header: str
    value: str


def versions_told(page: Page) -> Iterator[VersionTold]:
    """The headers of an answer that tell a version number, in the order sent."""
    for field in page.head.fields:
        name = field.name.lower()
        bare = name in _VERSION_HEADERS
        if (bare or name in _PRODUCT_HEADERS) and version_in(field.value, bare=bare) is not None:
            yield VersionTold(field.name, field.value)
