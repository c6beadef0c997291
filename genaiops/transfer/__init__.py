"""Bringing in what other programs recorded, and taking out what is here."""
