"""Real processes that are killed at every statement, and others that find what they left."""
