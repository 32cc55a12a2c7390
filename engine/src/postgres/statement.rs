//! Statements about user tables, as text. Pure functions: nothing here talks to a server.
