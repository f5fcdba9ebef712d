//! yara
