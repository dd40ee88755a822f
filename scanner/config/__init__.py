"""From files and the command line to an Estate: validated at the boundary, with errors that say where and what to do."""

from scanner.config.targets import Configuration, load_configuration, load_targets
from scanner.config.typed import (
    estate_of_urls,
    load_anchors,
    nameserver_of,
    redirections_of,
    without_secrets,
)

__all__ = [
    "Configuration",
    "estate_of_urls",
    "load_anchors",
    "load_configuration",
    "load_targets",
    "nameserver_of",
    "redirections_of",
    "without_secrets",
]
