"""The company: USSD, SMS, its callbacks, its faults and its own books."""
