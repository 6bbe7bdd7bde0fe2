"""Whom a payment went to, as the payer may see them."""

from ussd_app.members.service import FORMER
from ussd_app.services import Services
from ussd_app.transfers.payments import Receipt
from ussd_app.values import Shown


def payee(app: Services, receipt: Receipt, language: str) -> Shown:
    """The short name, or that they are a member no more."""
    return Shown(receipt.payee or app.catalogs.translate(FORMER, language))
