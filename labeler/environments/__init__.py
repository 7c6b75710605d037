"""What answers an agent's calls: one environment per file, behind one Protocol (`base`)."""
