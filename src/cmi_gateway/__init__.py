"""Client of the Moroccan card gateway CMI."""
