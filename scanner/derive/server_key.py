"""The public key of the certificate that a server sent for itself, with what is known to be wrong with it."""

from msgspec import Struct

from scanner.derive.acceptance import taken_by_browsers
from scanner.derive.service import PresentedLeaf, leaf
from scanner.derive.weak_keys import has_roca_fingerprint, is_broken_exponent
from scanner.needs import derived
from scanner.observations.steps import Replay, Unobserved
from scanner.parse.certificate import rsa_numbers

LABELS = {"rsa": "RSA", "rsa-pss": "RSASSA-PSS", "ec": "EC", "dsa": "DSA", "ed25519": "Ed25519", "ed448": "Ed448"}
"""What people call kinds of key."""
_FLOORS = {"rsa": 2048, "rsa-pss": 2048, "ec": 256, "ed25519": 256, "ed448": 256}
"""The size below which a key of a kind is weak; kinds that are missing here are not judged by size."""


class ServerKey(Struct, frozen=True):
    """`label` is the kind with its curve, `floor` the size below which it is weak, None when that is not known.

    `broken_exponent` is the public exponent where no RSA works with it. `unproven` is why it was not shown that the server
    holds the key: then nothing speaks for it.
    """

    reference: str
    kind: str
    label: str
    bits: int | None
    floor: int | None
    is_rsa: bool
    is_roca: bool
    broken_exponent: str | None
    browsers_take_it: bool
    unproven: Unobserved | None


def key_of(own: PresentedLeaf) -> ServerKey:
    """The key of a leaf."""
    public = own.certificate.key
    numbers = rsa_numbers(public)
    kind = LABELS.get(public.kind, public.algorithm_oid if public.kind == "other" else public.kind)
    known_curve = public.kind != "ec" or (public.curve is not None and not public.curve[0].isdigit())
    floor = _FLOORS.get(public.kind)
    # The size of a curve that is not known is guessed from its point: enough to call it weak, not to call it strong.
    sized = public.bits is not None and (known_curve or (floor is not None and public.bits < floor))
    label = f"{kind} {public.curve or '(curve written out)'}" if public.kind == "ec" else kind
    broken = None if numbers is None or not is_broken_exponent(numbers[1]) else str(numbers[1])
    return ServerKey(
        reference=own.reference,
        kind=kind,
        label=label,
        bits=public.bits if sized else None,
        floor=floor,
        is_rsa=public.kind in {"rsa", "rsa-pss"},
        is_roca=numbers is not None and has_roca_fingerprint(numbers[0]),
        broken_exponent=broken,
        browsers_take_it=taken_by_browsers(public),
        unproven=own.unproven,
    )


@derived(leaf, replay=Replay.ATTESTED)
def server_key(own: PresentedLeaf) -> ServerKey:
    """The key of the leaf."""
    return key_of(own)
