//! What holds for every module, not only for recorded ones: metering changes nothing but the ink, hostile bytes do no
//! harm, and the depth limit comes before the end of the native stack.
//!
//! Lives here: the theorems (`metering`, `hostile`, `depth`) and their means: a slow interpreter that is independent of
//! this VM (`oracle`) and a generator of programs (`generate`). Not here: the protocol's figures (`conformance`,
//! `hostio`).
//!
//! `metering::agrees` and `hostile::is_harmless` take any bytes as a case; here they run on seeded ones. To use one with
//! cargo-fuzz, a target declares the modules below at its root, each with `#[path = "../../tests/theorems/….rs"]`, keeps
//! an `ENGINE` in a `LazyLock`, and consists of `fuzz_target!(|bytes: &[u8]| { hostile::is_harmless(&ENGINE, bytes);
//! });`.

mod depth;
mod entropy;
mod generate;
mod hostile;
mod metering;
mod mutate;
mod oracle;
mod record;
