"""Running notebooks: which, with what parameters, on which kernels, and what became of each run."""
