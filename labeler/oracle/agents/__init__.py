"""Tool-using agents whose truth is known: generated knowledge bases and questions of several hops.

`relations` and `names` say what there is to know, `world` makes a knowledge base with its corpus,
`questions` asks across it, `reference` writes right trajectories and wrong ones, `reading` says
what a call asks for, `oracle` judges each turn of any trajectory.
"""
