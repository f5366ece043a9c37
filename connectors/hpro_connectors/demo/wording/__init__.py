"""From meanings to words: a phrase grammar per company and language, and the habits of who writes."""
