"""Verify tokens, and read their claims."""
