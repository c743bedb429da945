//! The Stylus tracer: host calls as a tree, in the form of Nitro's `stylusTracer`.
//!
//! Lives here: how frames and host calls nest. Not here: the bytes of a host call (`stylus_vm`).
//!
//! Every frame below the first opens an entry named after how it began. The host call that began it is reported after
//! the frame has ended, and then takes the entry's place; creations keep theirs.

use alloy_primitives::{Address, hex};
use revm::Inspector;
use revm::context_interface::CreateScheme;
use revm::interpreter::interpreter::EthInterpreter;
use revm::interpreter::{CallInputs, CallOutcome, CallScheme, CreateInputs, CreateOutcome};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use stylus_vm::Step;

use crate::evm::Context;

/// The report so far: a list for each open frame.
#[derive(Default)]
pub(super) struct HostioTree {
    open: Vec<Vec<Entry>>,
    bytes: usize,
}

/// Bytes of an entry in JSON, without its arguments and results.
const ENTRY: usize = 256;

/// A host call, or a frame.
pub(super) struct Entry {
    name: &'static str,
    args: Vec<u8>,
    outs: Vec<u8>,
    start_ink: u64,
    end_ink: u64,
    inner: Option<(Address, Vec<Entry>)>,
}

impl Entry {
    fn frame(name: &'static str, address: Address) -> Self {
        Self {
            name,
            args: Vec::new(),
            outs: Vec::new(),
            start_ink: 0,
            end_ink: 0,
            inner: Some((address, Vec::new())),
        }
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", self.name)?;
        map.serialize_entry("args", &hex::encode_prefixed(&self.args))?;
        map.serialize_entry("outs", &hex::encode_prefixed(&self.outs))?;
        map.serialize_entry("startInk", &self.start_ink)?;
        map.serialize_entry("endInk", &self.end_ink)?;
        if let Some((address, steps)) = &self.inner {
            map.serialize_entry("address", address)?;
            map.serialize_entry("steps", steps)?;
        }
        map.end()
    }
}

impl HostioTree {
    /// Bytes of the answer so far, or a few more.
    pub(super) fn len(&self) -> usize {
        self.bytes
    }

    /// Records a host call of the program in the innermost frame.
    pub(super) fn hostio(&mut self, step: Step) {
        let frame = match step.name {
            "call_contract" => Some("evm_call_contract"),
            "delegate_call_contract" => Some("evm_delegate_call_contract"),
            "static_call_contract" => Some("evm_static_call_contract"),
            _ => None,
        };
        let Some(list) = self.open.last_mut() else {
            return;
        };
        let inner = frame.map(|frame| match list.pop_if(|last| last.name == frame) {
            Some(Entry {
                inner: Some(inner), ..
            }) => inner,
            // The call was unaffordable and began no frame.
            _ => (target(&step.args), Vec::new()),
        });
        self.bytes += ENTRY + 2 * (step.args.len() + step.outs.len());
        list.push(Entry {
            name: step.name,
            args: step.args,
            outs: step.outs,
            start_ink: step.start_ink.0,
            end_ink: step.end_ink.0,
            inner,
        });
    }

    /// The transaction's tree.
    pub(super) fn finish(mut self) -> Vec<Entry> {
        if self.open.is_empty() {
            Vec::new()
        } else {
            self.open.swap_remove(0)
        }
    }

    fn begin(&mut self, name: &'static str, address: Address) {
        self.bytes += ENTRY;
        if let Some(list) = self.open.last_mut() {
            list.push(Entry::frame(name, address));
        }
        self.open.push(Vec::new());
    }

    fn end(&mut self, created: Option<Address>) {
        // The first frame's list is the result.
        if self.open.len() < 2 {
            return;
        }
        let Some(steps) = self.open.pop() else { return };
        let entry = self.open.last_mut().and_then(|list| list.last_mut());
        if let Some((address, inner)) = entry.and_then(|entry| entry.inner.as_mut()) {
            *inner = steps;
            *address = created.unwrap_or(*address);
        }
    }
}

/// The address that a call's arguments begin with.
fn target(args: &[u8]) -> Address {
    args.first_chunk::<20>()
        .map(Address::from)
        .unwrap_or_default()
}

impl Inspector<Context, EthInterpreter> for HostioTree {
    fn call(&mut self, _: &mut Context, inputs: &mut CallInputs) -> Option<CallOutcome> {
        let name = match inputs.scheme {
            CallScheme::Call | CallScheme::CallCode => "evm_call_contract",
            CallScheme::DelegateCall => "evm_delegate_call_contract",
            CallScheme::StaticCall => "evm_static_call_contract",
        };
        self.begin(name, inputs.bytecode_address);
        None
    }

    fn call_end(&mut self, _: &mut Context, _: &CallInputs, _: &mut CallOutcome) {
        self.end(None);
    }

    fn create(&mut self, _: &mut Context, inputs: &mut CreateInputs) -> Option<CreateOutcome> {
        let name = match inputs.scheme() {
            CreateScheme::Create2 { .. } => "evm_create2",
            CreateScheme::Create | CreateScheme::Custom { .. } => "evm_create1",
        };
        self.begin(name, Address::ZERO);
        None
    }

    fn create_end(&mut self, _: &mut Context, _: &CreateInputs, outcome: &mut CreateOutcome) {
        self.end(outcome.address);
    }

    fn selfdestruct(
        &mut self,
        contract: Address,
        _target: Address,
        _value: alloy_primitives::U256,
    ) {
        if let Some(list) = self.open.last_mut() {
            list.push(Entry::frame("evm_self_destruct", contract));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use stylus_vm::Ink;

    use super::*;

    enum Event {
        Call(u8),
        Create,
        End,
        Hostio(&'static str),
    }

    use Event::{Call, Create, End, Hostio};

    /// Plays events and compares names and nesting, written like `a b[c d]`.
    fn check(events: &[Event], expected: &str) {
        let mut tree = HostioTree::default();
        for event in events {
            match event {
                Call(to) => tree.begin("evm_call_contract", Address::with_last_byte(*to)),
                Create => tree.begin("evm_create1", Address::ZERO),
                End => tree.end(None),
                Hostio(name) => tree.hostio(Step {
                    name,
                    args: vec![9; 20],
                    outs: Vec::new(),
                    start_ink: Ink(2),
                    end_ink: Ink(1),
                }),
            }
        }
        let told = serde_json::to_value(tree.finish()).unwrap();
        assert_eq!(shown(&told), expected);
    }

    fn shown(steps: &Value) -> String {
        let one = |step: &Value| {
            let name = step["name"].as_str().unwrap();
            match step.get("address") {
                None => name.to_owned(),
                Some(address) => {
                    let last = &address.as_str().unwrap()[40..];
                    format!("{name}@{last}[{}]", shown(&step["steps"]))
                }
            }
        };
        let steps: Vec<_> = steps.as_array().unwrap().iter().map(one).collect();
        steps.join(" ")
    }

    #[test]
    fn frames_and_host_calls_nest() {
        check(&[Call(1), End], "");
        check(&[Call(1), Hostio("read_args"), End], "read_args");
        // The host call replaces the frame that it began.
        check(
            &[
                Call(1),
                Hostio("a"),
                Call(2),
                Hostio("b"),
                End,
                Hostio("call_contract"),
                Hostio("c"),
                End,
            ],
            "a call_contract@02[b] c",
        );
        // A frame without a matching host call stays: EVM code made the call.
        check(
            &[Call(1), Call(2), Call(3), End, End, End],
            "evm_call_contract@02[evm_call_contract@03[]]",
        );
        // A creation stays before its host call.
        check(
            &[Call(1), Create, End, Hostio("create1"), End],
            "evm_create1@00[] create1",
        );
        // An unaffordable call.
        check(
            &[Call(1), Hostio("call_contract"), End],
            "call_contract@09[]",
        );
        check(
            &[
                Call(1),
                Create,
                End,
                Hostio("create1"),
                Hostio("call_contract"),
                End,
            ],
            "evm_create1@00[] create1 call_contract@09[]",
        );
    }
}
