"""RRM: steps against a rubric that a model wrote for their problem."""
