"""`python -m scanner` is `pindai`."""

from scanner.cli.main import main

raise SystemExit(main())
