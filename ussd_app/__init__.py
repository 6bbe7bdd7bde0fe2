"""Savings and transfers on any phone: people dial a shortcode and keep their money here."""
