"""X-Content-Type-Options, as the Fetch standard reads it ("determine nosniff")."""

from collections.abc import Sequence

from scanner.parse.list_field import split_values


def is_nosniff(values: Sequence[str]) -> bool:
    """Whether browsers keep to the declared type: the first value counts, whatever follows it.

    A form feed beside it does no harm: Fetch does not strip it, but browsers do, and the published test asks for it.
    """
    found = split_values(values)
    return bool(found) and found[0].strip("\t\n\f\r ").lower() == "nosniff"
