"""Labelling methods: one file or folder each, a conversation that ends in `Findings`.

What a method is says its `Method` (`method`); all of them stand in one table (`methods`). `base`
and `shared` hold what several use; methods do not know each other.
"""
