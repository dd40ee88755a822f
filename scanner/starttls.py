"""The protocols within which TLS can be begun. Apart from the estate, for the command line knows them first."""

from types import MappingProxyType

STARTTLS_PORTS = MappingProxyType(
    {
        "smtp": 25,
        "imap": 143,
        "pop3": 110,
        "ftp": 21,
        "ldap": 389,
        "xmpp": 5222,
        "xmpp-server": 5269,
        "postgres": 5432,
        "mysql": 3306,
    }
)
"""The protocols within which TLS can be begun, and where they usually answer (RFC 3207, 8314, 4217, 4511, 6120)."""
