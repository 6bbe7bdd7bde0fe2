"""What machines call: the USSD callback, the company's other callbacks, health."""
