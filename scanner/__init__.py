"""Pindai: scans government service endpoints and keeps evidence that can be judged again."""

__version__ = "0.1.0"
