"""ExecVerify: predicted execution traces against the real ones."""
