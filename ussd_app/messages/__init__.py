"""SMS: promised with the deed, sent after it, told apart when the company does not answer."""
