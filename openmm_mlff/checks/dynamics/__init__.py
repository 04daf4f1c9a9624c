"""Do the dynamics conserve what they must?"""
