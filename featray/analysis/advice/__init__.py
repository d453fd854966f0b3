"""Advice: which setting to use (`recommendation`) and what to measure next (`followups`). Pure."""
