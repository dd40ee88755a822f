"""Parsers of what servers, people and zones write: one grammar a file, pure, bounded."""
