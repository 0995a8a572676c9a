"""Why a measurement cannot be made, or may not be believed."""

from __future__ import annotations


class CannotMeasure(Exception):
    """This machine, or what is installed on it, does not allow the measurement."""


class WrongResult(Exception):
    """A server lost, repeated or altered something: how fast it did so is of no interest."""
