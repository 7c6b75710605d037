"""Whom to ask next: labelling to a target or a budget, from what the label model knows."""
