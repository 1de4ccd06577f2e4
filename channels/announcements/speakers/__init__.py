"""Loudspeakers: what each plays and when, by playlist, Icecast or RTP, and what they report."""
