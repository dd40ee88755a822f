"""Whether an answer may come from a firewall, a rate limit or a maintenance page instead of the service.

Absence in such an answer shows nothing about the service, and a row of them says that we are not welcome.
"""

from scanner.parse.http_head import Head

BLOCKING_STATUSES = frozenset({403, 406, 429, 503})
"""What firewalls, rate limits and maintenance pages answer with."""
REFUSING_STATUSES = frozenset({403, 406, 429})
"""Of these, those that do not even show whether the service behind works."""

_CHALLENGES = (
    ("cf-mitigated", "challenge"),  # Cloudflare: developers.cloudflare.com, "Detect a Challenge Page response"
    ("x-amzn-waf-action", "challenge"),  # AWS WAF: developer guide, "Challenge and CAPTCHA actions"
    ("x-amzn-waf-action", "captcha"),
)


def may_be_a_challenge(raw: bytes) -> bool:
    """Whether a head not yet read names a field of a challenge at all: most do not, and need not be read for it."""
    lowered = raw.lower()
    return any(name.encode() in lowered for name, _ in _CHALLENGES)


def is_challenge(head: Head) -> bool:
    """Whether a firewall says in so many words that it wants a browser to prove itself first, whatever the status is."""
    return any(word in value.lower() for name, word in _CHALLENGES for value in head.all(name))


def may_be_a_refusal(status: int, head: Head) -> bool:
    """Whether somebody before the service may have answered."""
    return status in BLOCKING_STATUSES or is_challenge(head)
