"""The version of featray, where everything may import it. The build reads it from here."""

__version__ = "0.1.0"
