"""PostgreSQL and Redis from packages, for a machine that has neither."""
