"""What was seen: frozen values, each step *value or reason*, without judgement."""
