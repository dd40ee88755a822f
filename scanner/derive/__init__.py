"""Derived facts: pure functions of observations that checks may need."""
