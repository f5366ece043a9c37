"""Salesforce: leads, activities and histories out of an org, scores back into it."""
