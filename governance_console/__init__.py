"""The governance console: what AI agents do, recorded, watched live, asked about and proved."""

__version__ = "0.1.0"
