"""`python -m crossdock` is the command line."""

from crossdock.runtime.cli import main

main()
