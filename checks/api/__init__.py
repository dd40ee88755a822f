"""Checks of interfaces between programs."""
