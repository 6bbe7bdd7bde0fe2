"""PostgreSQL: transactions that every use case opens one of, and errands written with the deed."""

from ussd_app.db.work import Database, Work

__all__ = ["Database", "Work"]
