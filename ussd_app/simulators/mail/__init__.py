"""A mail server that delivers to one mailbox, which is read on a page."""
