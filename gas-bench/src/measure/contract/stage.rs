//! Prepares a contract for one call: a new deployment, with the contracts, accounts and steps that its plan requires first.
//!
//! Lives here: everything up to the call. Not here: the call (`contract`).

use std::collections::BTreeMap;

use alloy_network::TransactionBuilder as _;
use alloy_primitives::{Address, Bytes, U256};
use alloy_rpc_types_eth::TransactionRequest;
use stylus_plan::{
    CONTRACT, Code, DEPLOYER, Other, Plan, PlannedCall, Problem, Sender, Step, Words,
};
use stylus_report::figures::StartGas;

use super::{Bench, BenchError, Deployed, Explainer, created, error_text, place, reason};
use crate::chain::{Account, CallError, NodeError};

/// A contract with its accounts, for one call.
pub(in crate::measure) struct Stage<'a> {
    plan: &'a Plan,
    pub(super) contract: Address,
    accounts: BTreeMap<Sender, Account>,
    pub(in crate::measure) words: Words,
    pub(super) start: StartGas,
    pub(super) explainer: &'a Explainer,
}

impl Bench<'_> {
    /// Creates a fresh deployment with everything a call needs.
    pub(in crate::measure) fn stage<'p>(
        &self,
        plan: &'p Plan,
        deployed: &'p Deployed,
        planned: Option<&PlannedCall>,
    ) -> Result<Stage<'p>, BenchError> {
        let contract = created(&self.create(&deployed.code)?)?;
        let payer = self.node.payer();
        let mut addresses = BTreeMap::from([
            (CONTRACT.to_owned(), contract),
            (DEPLOYER.to_owned(), payer.address()),
        ]);
        for name in plan.accounts(planned) {
            let address = Account::named(&name).address();
            addresses.insert(name, address);
        }
        for (other, init) in plan.others.iter().zip(&deployed.others) {
            let address = self.create_other(other, init, &Words::new(addresses.clone()))?;
            addresses.insert(other.name.clone(), address);
        }
        let mut stage = Stage {
            plan,
            contract,
            accounts: BTreeMap::from([(Sender::Deployer, payer)]),
            words: Words::new(addresses),
            start: deployed.start,
            explainer: &deployed.explainer,
        };
        for other in &plan.others {
            // An EVM contract's constructor has run by now, as part of its init code.
            if let (Some(step), Some(Code::Program { .. })) = (&other.constructor, &other.code) {
                self.set_up(&stage, &step.on(&other.name))?;
            }
        }
        let Some(planned) = planned else {
            return Ok(stage);
        };
        let setup = plan.setup.iter().chain(&planned.setup);
        let steps: Vec<(&Step, u64)> = setup
            .map(|step| (step, 1))
            .chain([(&planned.step, planned.runs().len() as u64)])
            .collect();
        self.fund(&mut stage, &steps)?;
        let constructor = plan.constructor.iter();
        for step in constructor.chain(&plan.setup).chain(&planned.setup) {
            self.set_up(&stage, step)?;
        }
        Ok(stage)
    }

    /// Creates one of the plan's other contracts.
    fn create_other(
        &self,
        other: &Other,
        init: &[u8],
        words: &Words,
    ) -> Result<Address, BenchError> {
        let failed = |reason: String| BenchError::Other {
            name: other.name.clone(),
            reason,
        };
        let mut init = init.to_vec();
        let mut value = U256::ZERO;
        if let (Some(step), Some(Code::Evm(_))) = (&other.constructor, &other.code) {
            init.extend_from_slice(&step.encoded_arguments(words)?);
            value = step.value;
        }
        let request = TransactionRequest::default()
            .with_deploy_code(init)
            .with_value(value);
        let receipt = self.submit(&self.node.payer(), request, "")?;
        match receipt.contract_address.filter(|_| receipt.succeeded()) {
            Some(address) => Ok(address),
            None => Err(failed("its init code does not succeed".to_owned())),
        }
    }

    /// Advances the clock if a step waits, and looks up the time if a step uses it.
    pub(super) fn wait(&self, step: &Step, words: &Words) -> Result<Words, BenchError> {
        if step.wait > 0 {
            self.node.advance(step.wait).map_err(|error| match error {
                CallError::Refused(reason) => BenchError::Clock(reason),
                CallError::Node(error) => error.into(),
            })?;
        }
        match step.asks_for_time() {
            true => Ok(words.at(self.node.now()?)),
            false => Ok(words.clone()),
        }
    }

    /// Funds every sender for what it will send.
    fn fund(&self, stage: &mut Stage<'_>, steps: &[(&Step, u64)]) -> Result<(), BenchError> {
        let mut needs: BTreeMap<Sender, (u64, U256)> = BTreeMap::new();
        for (step, times) in steps {
            let (transactions, value) = needs.entry(step.from.clone()).or_default();
            *transactions += times;
            *value = value.saturating_add(step.value.saturating_mul(U256::from(*times)));
        }
        for (sender, (transactions, value)) in needs {
            let account = match &sender {
                Sender::Deployer => continue,
                Sender::Named(name) => Account::named(name),
                Sender::Address(address) => Account::Impersonated(*address),
            };
            self.node
                .prepare(&account, transactions, value)
                .map_err(|error| BenchError::Setup {
                    step: format!("giving funds to {sender}"),
                    place: String::new(),
                    reason: error_text(&error),
                })?;
            stage.accounts.insert(sender, account);
        }
        Ok(())
    }

    fn set_up(&self, stage: &Stage<'_>, step: &Step) -> Result<(), BenchError> {
        let name = step.signature();
        let failed = |reason| BenchError::Setup {
            step: format!("the setup call {name}"),
            place: place(stage.plan, step, &[]),
            reason,
        };
        let words = self.wait(step, &stage.words)?;
        let (account, request) = stage.request(step, &words)?;
        let receipt = self.submit(&account, request.clone(), "")?;
        match receipt.succeeded() {
            true => Ok(()),
            false => Err(failed(match self.why(stage, &receipt) {
                Some(why) => why,
                None => reason(&self.node.ask_as(request)?),
            })),
        }
    }

    /// The init code of another contract, activated first if it is a program.
    pub(super) fn other(&self, code: Option<&Code>) -> Result<Vec<u8>, BenchError> {
        match code {
            None => Err(NodeError::Answer {
                question: "a contract",
                answer: "it was not built".to_owned(),
            }
            .into()),
            Some(Code::Evm(init)) => Ok(init.to_vec()),
            Some(Code::Program { code, length }) => {
                let (code, _) = self.code(code, *length)?;
                let address = created(&self.create(&code)?)?;
                match self.node.activate(address) {
                    Ok(()) => Ok(stylus_vm::code::init_code(&code)),
                    Err(CallError::Refused(reason)) => Err(BenchError::Activation(reason)),
                    Err(CallError::Node(error)) => Err(error.into()),
                }
            }
        }
    }
}

impl Stage<'_> {
    /// A step as a transaction, and its sender.
    pub(in crate::measure) fn request(
        &self,
        step: &Step,
        words: &Words,
    ) -> Result<(Account, TransactionRequest), BenchError> {
        let account = match self.accounts.get(&step.from) {
            Some(account) => account.clone(),
            // Only a constructor's sender was not prepared: the deployer, which always exists.
            None => return Err(Problem::Sender(step.from.to_string()).into()),
        };
        let input: Bytes = step.input(words)?;
        let to = match &step.on {
            None => self.contract,
            Some(name) => words
                .address(name)
                .or_else(|| name.parse().ok())
                .ok_or_else(|| Problem::NoContract(name.clone()))?,
        };
        let request = TransactionRequest::default()
            .with_from(account.address())
            .with_to(to)
            .with_value(step.value)
            .with_input(input);
        Ok((account, request))
    }
}
