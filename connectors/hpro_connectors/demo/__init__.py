"""A CRM of one's own to try everything on: a simulator, an org in one file that it fills, and its connector."""
