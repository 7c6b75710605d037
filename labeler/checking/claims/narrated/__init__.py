"""States that a solution narrates, run: one small file for each kind.

None guesses: what a file does not recognise in full, it does not decide.
"""
