"""What is written about a check, taken from the check itself: its docstring in parts, a page, and an index of all pages."""
