"""Replies of judges and annotators -> one verdict per step: a verdict, or unknown with a reason."""
