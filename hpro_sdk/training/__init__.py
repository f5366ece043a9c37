"""Training a scorer: pairs, losses, sampler, bases, trainer, checkpoint. Needs the ``train`` extra."""
