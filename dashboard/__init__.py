"""The dashboard: pages that read through `genaiops.query` and write through public names."""
