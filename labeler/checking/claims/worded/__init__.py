"""Claims in words, and what decides them."""
