"""Evidence: deriving verdicts again from what was stored."""
