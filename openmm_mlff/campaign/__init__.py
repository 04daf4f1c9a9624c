"""Many validations: models x systems x conditions x seeds, on Dask, each run once.

The specification is a TOML file (`spec`). It is expanded to cells, each with an address that is the
hash of its content (`plan`), in a folder (`store`). Workers run cells (`worker`) on any machine
(`cluster`, the only module that imports Dask); `session` connects them, `states` reads the
progress, and `leaderboard` compares the models.
"""
