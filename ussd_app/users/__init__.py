"""People who sign in: who they are, what they may, and where they are signed in."""
