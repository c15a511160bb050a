"""Where trainings run. Every engine follows `base.Engine`, and passes its contract tests."""
