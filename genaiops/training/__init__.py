"""Recording of training: a module a library, each with an `autolog` of one line."""
