"""Lanser: what a type checker says after each statement of a program."""
