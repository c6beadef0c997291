"""One file a page; Streamlit runs the file of the page that is shown."""
