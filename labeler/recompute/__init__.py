"""Labels recomputed from evidence that is there: of rows (`rows`), of a dataset (`version`)."""
