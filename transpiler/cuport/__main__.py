"""`python -m cuport` is the `cuport` command."""

from cuport.cli.main import main

main()
