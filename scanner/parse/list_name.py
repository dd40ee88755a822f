"""Names of services and units as people write them into lists: which of two spellings are one name."""

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=16_384)
def name_key(text: str) -> str:
    """What two spellings of a name have in common: neither case nor spaces nor the width of letters tell names apart."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())
