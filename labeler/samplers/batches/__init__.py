"""OpenAI's Batch API: the same requests at half the price, answered within a day."""
