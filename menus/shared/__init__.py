"""Dialogs that several flows use."""
