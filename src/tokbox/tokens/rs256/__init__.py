"""Tokens of Vonage applications: RSA keys, and signing with RS256."""
