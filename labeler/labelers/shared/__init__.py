"""What several labelling methods use."""
