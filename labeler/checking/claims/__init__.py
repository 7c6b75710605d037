"""Claims that a step makes about numbers, found by a grammar and decided in bounded time."""
