"""Commands that need an org: `hpro demo`, `hpro leads`, `hpro import`."""
