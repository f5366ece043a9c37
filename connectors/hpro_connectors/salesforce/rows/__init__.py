"""Rows of any object, by windows, whole, by value or as ids; nothing here knows what they mean."""
