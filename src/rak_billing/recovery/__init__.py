"""What happens to payments of which nobody heard the end: the gateway is asked, and its word is followed."""
