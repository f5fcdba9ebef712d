//! Clocks of duty: which notices are due when, and what the case can already fill in.
