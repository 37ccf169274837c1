"""One file each; the name tells the order and what changes."""
