//! Scenarios against the real binary, and the rules of the house.

mod accounts;
mod architecture;
mod authorisation;
mod bad_input;
mod cli;
mod cli_tenants;
mod compiler;
mod crash;
mod egress;
mod functions;
mod guests;
mod harness;
mod hostile;
mod http_functions;
mod idempotency;
mod invoke;
mod jobs;
mod languages;
mod money;
mod openapi;
mod readme;
mod runs;
mod sources;
mod streams;
mod telemetry;
mod wasi_testsuite;
