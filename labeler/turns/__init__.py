"""Turns of an agent: text to structure and back, and what of a text is the policy's own."""
