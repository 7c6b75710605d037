"""A labelling run: what is done to each problem, in which order, by whom, and what is committed.

`solving` and `pipeline` are one problem's way from its text to its rows, `run` is the whole of it,
`remote_shard` a part of it that another process does, `routes` which backend answers what.
"""
