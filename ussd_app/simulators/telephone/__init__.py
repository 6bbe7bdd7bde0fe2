"""A telephone: over HTTP for the terminal and the tests, and to look at in the browser."""
