"""What runs inside a sandbox: standard library only, loaded without the rest of the project."""
