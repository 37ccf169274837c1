"""Fees over files of invoices: what a tariff yields, and what a change of tariff costs whom."""
