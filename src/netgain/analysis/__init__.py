"""What several checks ask of the same evidence: scores, schedules, code, graphs."""
