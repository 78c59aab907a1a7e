"""Verify tokens and decode their claims."""
