"""What pages are put together from; the components show data as text nodes only."""
