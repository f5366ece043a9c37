"""From raw logits to scores of leads."""
