"""Tests of the documentation: its code, tables, links and the site."""
