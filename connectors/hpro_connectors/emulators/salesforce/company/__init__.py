"""The simulated company that an emulated org is filled with."""
