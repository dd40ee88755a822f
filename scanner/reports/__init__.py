"""Reports: a Run becomes bytes, one format a file."""
