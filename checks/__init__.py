"""The checks: pure functions from what was seen to outcomes, one topic a file."""
