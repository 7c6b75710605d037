"""Solver: optimisation models in code, solved by HiGHS in the sandbox."""
