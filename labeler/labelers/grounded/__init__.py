"""GroundedPRM: steps verified with a tool, for given solutions and in a search of its own."""
