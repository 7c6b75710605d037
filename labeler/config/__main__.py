"""`python -m labeler.config` prints the JSON schema of a run file."""

from labeler.config.run import contract

print(contract(), end="")
