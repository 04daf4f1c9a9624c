"""Is it fast enough?"""
