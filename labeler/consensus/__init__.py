"""From evidence to labels: rules that look at all evidence of a solution and decide."""
