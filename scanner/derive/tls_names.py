"""What code points of TLS are called, for checks, which name what they found."""

from scanner.probes.tls.code_points import (
    Exchange,
    GroupKind,
    group,
    group_name,
    signature_scheme,
    signature_scheme_name,
    suite,
    suite_name,
)

__all__ = [
    "Exchange",
    "GroupKind",
    "group",
    "group_name",
    "signature_scheme",
    "signature_scheme_name",
    "suite",
    "suite_name",
]
