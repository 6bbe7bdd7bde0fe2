"""People who dial: who they are, their PINs, how they join."""
