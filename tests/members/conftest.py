from tests.db.line import company, line_to_company
from tests.db.surgery import database, surgeon, theatre

__all__ = ["company", "database", "line_to_company", "surgeon", "theatre"]
