"""A domain whose truth is known: word problems with their computation graphs, and an exact oracle.

`graph` holds a problem's computation, `generate` writes problems, `oracle` grades solutions,
`mistakes` writes solutions with one known error, `tasks` is what the embedded policy is taught.
Every labeler is measured here, where no human label can be wrong.
"""
