//! Prints the contract's Solidity interface; `cargo stylus export-abi` runs it on the host. Nothing else belongs here.

fn main() {
    failing::print_from_args();
}
