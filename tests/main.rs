//! Scenarios against the real binary, and the rules of the house.

mod architecture;
mod bad_input;
mod cli;
mod crash;
mod functions;
mod guests;
mod harness;
mod invoke;
mod jobs;
mod readme;
mod runs;
