"""Double-entry bookkeeping; knows no people, SMS or chain."""
