"""The self-contained HTML report: one file, no request to anywhere, readable without JavaScript."""
