//! lab: whole made-up cases, deterministic by seed, with their truth, and the scorer that compares an answer with it.

// A log line has as many parts as it has.
#![allow(clippy::too_many_arguments)]

pub mod cases;
pub mod cli;
pub mod ctx;
pub mod faults;
pub mod life;
pub mod make;
pub mod pack;
pub mod rng;
pub mod score;
pub mod store;
pub mod truth;
pub mod when;
pub mod world;
pub mod write;
