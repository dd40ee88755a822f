"""The key behind a service's certificate, and where it is in use."""

import hashlib

from scanner.derive.service import PresentedLeaf, leaf, resolution
from scanner.needs import EstateFact, derived
from scanner.observations.endpoint import Addresses, Resolution
from scanner.observations.steps import Replay, Unobserved

MAX_ADDRESSES = 6


@derived(leaf, resolution, replay=Replay.ATTESTED)
def key_in_use(own: PresentedLeaf, resolved: Resolution) -> tuple[EstateFact, ...] | Unobserved:
    """The SHA-256 of the public key, with that of the certificate and the addresses of the name.

    Only a server that showed that it holds the private key counts: a certificate is public, anybody can send it.
    """
    if own.unproven is not None:
        return own.unproven
    certificate = own.certificate
    addresses = resolved.outcome.addresses if isinstance(resolved.outcome, Addresses) else ()
    digest = hashlib.sha256(certificate.der).hexdigest()
    return (EstateFact(certificate.key.spki_sha256, (digest, *addresses[:MAX_ADDRESSES])),)
