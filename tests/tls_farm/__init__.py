"""A farm of real TLS servers with a written truth table: see `truth.py`, and `README.md` for how to raise it."""
