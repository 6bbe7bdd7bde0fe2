"""Every table there is, for migrations: importing this fills `metadata`."""

from ussd_app.audit import models as audit
from ussd_app.calls import models as calls
from ussd_app.db import models as errands
from ussd_app.db.base import Base
from ussd_app.ledger import models as ledger
from ussd_app.members import models as members
from ussd_app.messages import models as messages
from ussd_app.office import models as office
from ussd_app.tenants import models as tenants
from ussd_app.tokens import models as tokens
from ussd_app.transfers import models as transfers
from ussd_app.users import models as users

metadata = Base.metadata

__all__ = [
    "audit",
    "calls",
    "errands",
    "ledger",
    "members",
    "messages",
    "metadata",
    "office",
    "tenants",
    "tokens",
    "transfers",
    "users",
]
