"""The demo: a small traced RAG application over the Python language reference."""
