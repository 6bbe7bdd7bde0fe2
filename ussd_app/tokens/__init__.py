"""Community currencies."""
