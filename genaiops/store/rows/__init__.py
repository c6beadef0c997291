"""SQL of one aggregate each: how journal lines become rows, and how rows of one thing merge."""
