"""The whole running system, seen from outside: processes, ports, phones and the company's books."""
