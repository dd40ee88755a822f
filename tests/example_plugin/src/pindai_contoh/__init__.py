"""An example of a plug-in for Pindai."""

PINDAI_API = 1
"""The version of `scanner.api` that this was written for."""
