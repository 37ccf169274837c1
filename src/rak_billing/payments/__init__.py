"""Payments from the first click to the posting: states, journal and outbox."""
