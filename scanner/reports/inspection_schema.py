"""The JSON Schema of `pindai inspect tls --format json`, made from the types that are written."""

from typing import Final

from scanner.derive.tls_facts import TlsVersion
from scanner.inspection import SCHEMA, Inspection
from scanner.reports.schemas import Schema, definitions, object_of

INSPECTION_FILE: Final = "inspect-tls.schema.json"
_ABOUT: Final = {
    "schema": "Name and version of this format.",
    "tool": "What did the looking.",
    "at": "When it began, UTC.",
    "target": "Which service was asked, and where.",
    "versions": "Versions that it speaks, the newest first: SSLv2, SSLv3, TLSv1.0 ... TLSv1.3.",
    "refused": "Versions that it was asked for and refused; those in neither list stand in `unknown`.",
    "preference": "By version: whose order decides among suites.",
    "dh": "Finite-field groups as they were sent below TLS 1.3.",
    "signature_algorithms": "By version: the schemes it signed with (TLS 1.2 and 1.3).",
    "extensions": "By version: the extensions in its answers.",
    "certificates": "Each chain that was sent, those for the service's own name first.",
    "ocsp": "What is known of OCSP.",
    "resumption": "What is known of taking up sessions.",
    "features": "Answers to single questions.",
    "vulnerabilities": "By name: what is known of each weakness.",
    "oddities": "Ways in which it differs from what standards lead to expect.",
    "unknown": "What could not be determined, and why; `service` alone when no TLS was heard.",
    "policies": "By name: the service held against the policies that --tls-policy names. They decide nothing.",
    "cost": "What was used of the network.",
}


_BY_VERSION: Final = ("versions", "preference", "signature_algorithms", "extensions")


def inspection_schema() -> Schema:
    """The schema of what `pindai inspect tls` writes as JSON."""
    defs = definitions([Inspection])
    properties = defs.pop("Inspection")["properties"]
    described = {name: {**rule, "description": _ABOUT[name]} for name, rule in properties.items()}
    for name in _BY_VERSION:
        described[name] |= {"propertyNames": {"enum": [version.value for version in TlsVersion]}}
    described["schema"] = {"const": SCHEMA, "description": _ABOUT["schema"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:pindai:schema:inspect-tls-1",
        "title": "Pindai inspection of a TLS service",
        **object_of("One TLS service as it was seen: facts, and no judgement.", described),
        "$defs": dict(sorted(defs.items())),
    }
