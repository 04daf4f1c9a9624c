"""Is the deployed artefact the model?"""
