//! What holds for every module, not only for recorded ones: metering changes nothing but the ink, hostile bytes do no
//! harm, and the depth limit comes before the end of the native stack.
//!
//! Lives here: the theorems (`metering`, `hostile`, `depth`) and what they are stated with: a slow interpreter that knows
//! nothing of this VM (`oracle`) and a generator of programs (`generate`). Not here: figures of the protocol by
//! themselves (`conformance`, `hostio`).
//!
//! `metering::agrees` and `hostile::is_harmless` take any bytes and make their case of them; here they run on seeded
//! ones. To mount one under cargo-fuzz, a target declares the modules below at its root, each with
//! `#[path = "../../tests/theorems/….rs"]`, keeps an `ENGINE` in a `LazyLock`, and consists of
//! `fuzz_target!(|bytes: &[u8]| { hostile::is_harmless(&ENGINE, bytes); });`.

mod depth;
mod entropy;
mod generate;
mod hostile;
mod metering;
mod mutate;
mod oracle;
mod record;
