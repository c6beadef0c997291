"""Plain data of everything stored; standard library only."""
