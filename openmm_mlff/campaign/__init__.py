"""Many validations: models x systems x conditions x seeds, on Dask, each run once.

What is asked for is a TOML file (`spec`); it becomes a list of cells, each under the address of
its content (`plan`), in a folder (`store`).  Workers run cells (`worker`), wherever they are
(`cluster`, the only place that imports Dask); `session` joins them, `status` and `report` read
what they left.
"""
