"""Conversations, what they ask, and the driver that runs thousands of them at once.

Requests and replies (`requests`), labelers as generators (`conversation`), replies kept by content
(`journal`), what they cost (`cost`), where each kind goes (`routing`), what goes there together
(`batching`), and the loop over all of it (`driver`). Knows no backend: see `labeler.labelling`.
"""
