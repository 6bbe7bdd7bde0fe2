"""What the simulator refuses, worded for whoever asked."""


class Refused(Exception):
    """An expected no: nothing was changed, and the message may be shown as it is."""

    def __init__(self, message: str, *, status: int = 400) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
