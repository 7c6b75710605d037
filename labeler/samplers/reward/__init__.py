"""Process reward models as they are: their families, in this process and on vLLM's pooling API."""
