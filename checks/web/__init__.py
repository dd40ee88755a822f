"""Transport to the page, headers and what they promise."""
