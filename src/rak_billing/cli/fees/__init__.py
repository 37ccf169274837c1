"""``rak-billing fees``: an operator's fee files, one file of this package for each command."""
