"""What a pass needs besides a sound certificate: that whoever sent it holds its key."""

from scanner.api import Verdict, unknown
from scanner.derive.service import PresentedLeaf


def for_its_holder(own: PresentedLeaf, passed: Verdict) -> Verdict:
    """A pass speaks for whoever holds the key; anybody can send a certificate, so without that proof it is unknown."""
    return passed if own.unproven is None else unknown(own.unproven)
