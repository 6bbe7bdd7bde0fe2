"""Seals row by row until it is killed: `python -m tests.audit.sealer URL`."""

from __future__ import annotations

import sys

from ussd_app.audit.chain import Chain
from ussd_app.clock import Clock
from ussd_app.db import Database

if __name__ == "__main__":
    chain = Chain(Database(sys.argv[1], name="sealer"), Clock())
    while True:
        chain.seal(most=1)
