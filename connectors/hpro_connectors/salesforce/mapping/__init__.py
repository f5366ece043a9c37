"""What the rows of each object mean to HPRO: fields, stages, outcomes, interactions, histories, deletions."""
