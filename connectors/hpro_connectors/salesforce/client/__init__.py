"""Signing in to Salesforce and asking it: one request, one answer, one typed error."""
