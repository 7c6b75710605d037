"""TaTToo: steps on a table, their look-ups, filters and arithmetic executed again."""
