"""Hypothesis strategies for those who test their own bills, rules and tariffs; the extra ``testing`` brings Hypothesis."""
