"""Shared by the commands: parameters, output, lists, files."""
