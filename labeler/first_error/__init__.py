"""What is known of the place of a first error, and what to ask next; below labelers and rules."""
