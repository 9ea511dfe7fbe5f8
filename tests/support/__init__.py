"""What several tests need: interpreters, environments, conditions with a deadline."""
