"""Supporters in the database: their addresses, rhythms, agreements and leavings."""
