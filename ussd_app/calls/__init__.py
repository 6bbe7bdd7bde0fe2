"""What the gateway told of USSD sessions: how they ended, how long they took, what they cost."""
