"""Published networks that are never trained here."""
