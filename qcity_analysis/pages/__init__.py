"""Notebooks run and rendered: sections they show, kernels, runs, pages, index."""
