"""Is it accurate?"""
