"""Stateless building blocks of the networks."""
