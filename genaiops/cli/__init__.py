"""The command line: `genaiops`, one module a noun."""
