"""What `ussd-app` does from a terminal, one module for each command."""
