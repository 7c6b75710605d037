"""GroundedPRM: the search whose nodes are verified with a tool."""
