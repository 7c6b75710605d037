"""`python -m labeler.cli` is the `labeler` command."""

from labeler.cli import main

main()
