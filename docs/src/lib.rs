//! The code blocks of the documentation, as tests.
