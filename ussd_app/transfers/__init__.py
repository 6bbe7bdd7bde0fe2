"""Member to member: limits, receipts, and what became of the last one."""
