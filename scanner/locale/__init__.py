"""Languages: how values and sentences are written in Indonesian and English."""
