"""A domain whose truth is known: word problems with their computation graphs, and an exact oracle.

`graph` holds a problem's computation, `generate` writes problems, `oracle` grades solutions
of the embedded policy and `free_text` (with `formulas`) what real models write,
`mistakes` writes solutions with one known error, `tasks` is what the embedded policy is taught.
Every labeler is measured here, where no human label can be wrong.
"""
