"""GroundedPRM: steps of given solutions, verified with a tool."""
