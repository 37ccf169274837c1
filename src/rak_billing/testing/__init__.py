"""Hypothesis strategies for those who test their own bills, rules and tariffs; needs Hypothesis, which is no dependency."""
