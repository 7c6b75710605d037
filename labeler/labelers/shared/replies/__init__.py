"""Replies of judges and annotators -> one reading per step: a verdict, or unknown with a reason."""
