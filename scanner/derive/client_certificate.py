"""Whose certificates a server would take of its clients, as it says them in a CertificateRequest."""

from typing import Final

from scanner.derive.tls_facts import ClientCertificate
from scanner.parse.certificate import name_text
from scanner.parse.der import DerError
from scanner.probes.tls.first_flight import CertificateRequest

MAX_NAMES: Final = 50
MAX_NAME_CHARS: Final = 300


def client_certificate_of(request: CertificateRequest | None) -> ClientCertificate | None:
    """The authorities of a request, the first of them by name; one that cannot be read counts without a name."""
    if request is None:
        return None
    names = []
    for der in request.authorities[:MAX_NAMES]:
        try:
            names.append(name_text(der)[:MAX_NAME_CHARS])
        except (DerError, ValueError):
            continue
    return ClientCertificate(tuple(names), len(request.authorities) - len(names))
