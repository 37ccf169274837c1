"""Operators that come with the package, as TOML."""
