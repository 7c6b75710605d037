"""Python programs as text: their statements, changed copies of them, and when two are the same."""
