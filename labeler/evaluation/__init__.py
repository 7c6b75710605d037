"""Labels against the truth: humans' step labels or the oracle's."""
