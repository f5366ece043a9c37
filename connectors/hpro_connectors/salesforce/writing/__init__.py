"""The eight fields of HPRO in Salesforce, and how scores are written into them."""
