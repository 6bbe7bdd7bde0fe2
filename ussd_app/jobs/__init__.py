"""What the queue calls: each job one errand; the relay that hands errands over; the clock."""

from ussd_app.jobs.carrier import carry

__all__ = ["carry"]
