"""What a real model wrote, read by a person and by the code."""
