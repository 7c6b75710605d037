"""One file per labelling method; each is a conversation that ends in `Findings`."""
