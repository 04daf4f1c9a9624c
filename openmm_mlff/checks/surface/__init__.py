"""Is the energy surface physical?"""
