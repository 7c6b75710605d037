"""LLM judges: a critic that goes through a solution's steps and says which are right."""
