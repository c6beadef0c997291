"""The server of a team: takes the spans of any program by OTLP/HTTP."""
