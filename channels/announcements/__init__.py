"""Announcements: one text becomes what each way of reaching villagers needs, and goes out when its time has come."""
