//! Messages from L1, executed again: calls that nobody signed, and retryables.
//!
//! Lives here: what each pays, to whom, and what ArbOS records about it. Not here: their fields (`arbos::messages`), running what they call
//! (`rerun`), where the records are (`arbos::retryables`).

use alloy_consensus::TxEip1559;
use alloy_primitives::{Address, B256, Log, U256};
use alloy_sol_types::SolEvent;
use stylus_vm::Gas;

use crate::addresses::ARB_RETRYABLE_TX;
use crate::arbos::messages::{
    Message, MessageCall, RedeemScheduled, Retry, Submission, TicketCreated, kind,
};
use crate::arbos::retryables::{self, LIFETIME, NewRetryable};
use crate::arbos::{self, l2_pricing};
use crate::chain::rerun::{Payment, Ran, Rerun};
use crate::chain::transaction::Transaction;
use crate::evm::Invalid;
use crate::state::State;
use crate::units::Price;

/// L1 gas for keeping a message, plus gas for each byte of its calldata (Nitro's `arbos/retryables`).
const SUBMISSION_GAS: u64 = 1_400;
const SUBMISSION_GAS_PER_BYTE: u64 = 6;

/// The least gas with which a message is tried at once.
const LEAST_GAS: Gas = Gas(21_000);

/// An amount of wei from which parts can be taken until it is used up.
struct Pool(U256);

impl Pool {
    /// Takes the wanted amount, or what is left.
    fn take(&mut self, wanted: U256) -> U256 {
        let taken = wanted.min(self.0);
        self.0 -= taken;
        taken
    }
}

impl Rerun {
    /// Executes a message.
    ///
    /// # Errors
    /// If it could not have been in the block, although it was: the state is not the one that it ran on.
    pub(super) fn run_message(&mut self, message: &Message, hash: B256) -> Result<Ran, Invalid> {
        match message {
            Message::Unsigned(_) => {
                let (transaction, payment) = self.begin_message(message, hash);
                self.run_one(&transaction, payment)
            }
            Message::Submission(submission) => Ok(self.submit(submission, hash)),
            Message::Retry(retry) => {
                let (transaction, payment) = self.begin_message(message, hash);
                let ran = self.run_one(&transaction, payment)?;
                self.end_retry(retry, &ran);
                Ok(ran)
            }
        }
    }

    /// Prepares a message's call, and returns the call as a transaction.
    pub(super) fn begin_message(
        &mut self,
        message: &Message,
        hash: B256,
    ) -> (Transaction, Payment) {
        let call = message.call();
        let nonce = self.state.nonce(call.from);
        let (nonce, payment) = match message {
            Message::Unsigned(unsigned) => (unsigned.request.err().unwrap_or(nonce), Payment::Own),
            Message::Submission(_) => (nonce, Payment::Own),
            Message::Retry(retry) => {
                // Its value is held in escrow, and its gas was paid for when it was submitted.
                let escrow = retryables::escrow(retry.ticket);
                pay(&mut self.state, escrow, call.from, call.value);
                let prepaid = self.fee(call.gas);
                self.deposit(call.from, prepaid);
                (nonce, Payment::Ahead(retry.refund_to))
            }
        };
        (self.transaction(call, nonce, hash), payment)
    }

    /// Returns a message's call as a transaction with this nonce and hash.
    fn transaction(&self, call: &MessageCall, nonce: u64, hash: B256) -> Transaction {
        let transaction = TxEip1559 {
            chain_id: self.rules.chain_id,
            nonce,
            gas_limit: call.gas.0,
            max_fee_per_gas: call.fee_cap.saturating_to(),
            max_priority_fee_per_gas: 0,
            to: kind(call.to),
            value: call.value,
            access_list: Default::default(),
            input: call.data.clone(),
        };
        Transaction {
            hash,
            ..Transaction::unsigned(transaction.into(), call.from)
        }
    }

    /// Wei for gas at the block's base fee.
    fn fee(&self, gas: Gas) -> U256 {
        self.settings.base_fee.fee(gas)
    }

    /// The part of a gas fee that is not the network's, and who receives it.
    fn infra_fee(&mut self, gas: Gas) -> (Address, U256) {
        let (Ok(infra), Ok(least)) = (
            arbos::infra_fee_account().get(&mut self.state),
            l2_pricing::min_base_fee().get(&mut self.state),
        );
        let price = Price::base_fee(least).min(self.settings.base_fee);
        match infra.is_zero() {
            true => (infra, U256::ZERO),
            false => (infra, price.fee(gas)),
        }
    }

    fn network(&mut self) -> Address {
        let Ok(network) = arbos::network_fee_account().get(&mut self.state);
        network
    }

    /// Submits a message: charges its fees, keeps it, and schedules a try if there is gas for one.
    fn submit(&mut self, submission: &Submission, hash: B256) -> Ran {
        let Submission {
            deposit,
            fee_refund,
            call,
            ..
        } = submission;
        let MessageCall { from, value, .. } = *call;
        let mut left = Pool(deposit.saturating_sub(value));
        self.deposit(from, *deposit);
        let l1_gas = SUBMISSION_GAS + SUBMISSION_GAS_PER_BYTE * call.data.len() as u64;
        let fee = submission.l1_base_fee.saturating_mul(U256::from(l1_gas));
        let most = submission.max_submission_fee;
        if self.state.account(from).balance < most {
            return Ran::of_message(
                false,
                Gas::ZERO,
                Vec::new(),
                "its sender has less than the most that it may cost to be kept",
            );
        }
        if most < fee {
            return Ran::of_message(
                false,
                Gas::ZERO,
                Vec::new(),
                "it costs more to be kept than it may",
            );
        }
        let network = self.network();
        pay(&mut self.state, from, network, fee);
        let withheld = left.take(fee);
        pay(&mut self.state, from, *fee_refund, left.take(most - fee));
        if !pay(&mut self.state, from, retryables::escrow(hash), value) {
            pay(&mut self.state, network, from, fee);
            pay(&mut self.state, from, *fee_refund, withheld);
            return Ran::of_message(
                false,
                Gas::ZERO,
                Vec::new(),
                "its sender has less than its value",
            );
        }
        let new = NewRetryable {
            from,
            to: call.to,
            value,
            beneficiary: submission.beneficiary,
            calldata: &call.data,
        };
        let timeout = self.settings.timestamp + LIFETIME;
        let Ok(()) = retryables::create(&mut self.state, hash, timeout, &new);
        let mut logs = vec![event(&TicketCreated { ticketId: hash })];
        let most_for_gas = call.fee_cap.saturating_mul(U256::from(call.gas.0));
        let is_scheduled = self.state.account(from).balance >= most_for_gas
            && call.gas >= LEAST_GAS
            && call.fee_cap >= self.settings.base_fee.word();
        if !is_scheduled {
            pay(&mut self.state, from, *fee_refund, left.take(most_for_gas));
            return Ran::of_message(true, Gas::ZERO, logs, "");
        }
        let for_gas = self.fee(call.gas);
        let (infra, for_infra) = self.infra_fee(call.gas);
        pay(&mut self.state, from, infra, for_infra);
        pay(&mut self.state, from, network, for_gas - for_infra);
        let withheld_for_gas = left.take(for_gas);
        let refund = left.take(most_for_gas - for_gas);
        pay(&mut self.state, from, *fee_refund, refund);
        let retry = Retry {
            nonce: 0,
            ticket: hash,
            refund_to: *fee_refund,
            max_refund: left.0 + withheld_for_gas + withheld,
            submission_fee_refund: fee,
            call: MessageCall {
                fee_cap: self.settings.base_fee.word(),
                ..call.clone()
            },
        };
        let (now, arbos) = (self.settings.timestamp, self.arbos);
        let Ok(kept) = retryables::open(&mut self.state, hash, now, arbos);
        if let Some(kept) = kept {
            let Ok(_) = kept.count_try(&mut self.state);
        }
        logs.push(event(&RedeemScheduled {
            ticketId: hash,
            retryTxHash: retry.hash(self.rules.chain_id),
            sequenceNum: 0,
            donatedGas: call.gas.0,
            gasDonor: *fee_refund,
            maxRefund: retry.max_refund,
            submissionFeeRefund: fee,
        }));
        Ran::of_message(true, call.gas, logs, "")
    }

    /// Finishes a try: settles the message and the unused gas.
    fn end_retry(&mut self, retry: &Retry, ran: &Ran) {
        let MessageCall {
            from, gas, value, ..
        } = retry.call;
        let unused = gas.saturating_sub(ran.gas);
        // The refund went to the sender, who has not paid for the gas.
        let given_back = self.fee(unused);
        self.state.change(from, |account| {
            account.balance = account.balance.saturating_sub(given_back);
        });
        let network = self.network();
        let mut left = Pool(retry.max_refund);
        let escrow = retryables::escrow(retry.ticket);
        if ran.success {
            self.refund(retry, &mut left, network, retry.submission_fee_refund);
            let (now, arbos) = (self.settings.timestamp, self.arbos);
            let Ok(kept) = retryables::open(&mut self.state, retry.ticket, now, arbos);
            if let Some(kept) = kept {
                let Ok(beneficiary) = kept.beneficiary().get(&mut self.state);
                let rest = self.state.account(escrow).balance;
                pay(&mut self.state, escrow, beneficiary, rest);
                let Ok(()) = kept.clear(&mut self.state);
            }
        } else {
            left.take(retry.submission_fee_refund);
            pay(&mut self.state, from, escrow, value);
        }
        // The gas that the try used counts against what L1 has paid, as far as that suffices.
        left.take(self.fee(ran.gas));
        let (infra, for_infra) = self.infra_fee(unused);
        self.refund(retry, &mut left, infra, for_infra);
        self.refund(retry, &mut left, network, given_back - for_infra);
    }

    /// Pays back from a fee account: to the refund address as much as the message allows, and the rest to its sender.
    fn refund(&mut self, retry: &Retry, left: &mut Pool, payer: Address, amount: U256) {
        let part = left.take(amount);
        pay(&mut self.state, payer, retry.refund_to, part);
        pay(&mut self.state, payer, retry.call.from, amount - part);
    }
}

/// Moves wei; returns whether the sender had enough.
fn pay(state: &mut State, from: Address, to: Address, amount: U256) -> bool {
    if amount.is_zero() {
        return true;
    }
    let Some(rest) = state.account(from).balance.checked_sub(amount) else {
        return false;
    };
    state.change(from, |account| account.balance = rest);
    state.change(to, |account| {
        account.balance = account.balance.saturating_add(amount);
    });
    true
}

fn event(event: &impl SolEvent) -> Log {
    Log {
        address: ARB_RETRYABLE_TX,
        data: event.encode_log_data(),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;
    use crate::addresses::SEQUENCER;
    use crate::arbos::messages::Unsigned;
    use crate::arbos::messages::tests::first;
    use crate::chain::block::GAS_LIMIT;
    use crate::chain::{Chain, RerunBlock};
    use crate::config::Config;
    use crate::evm::Programs;

    /// Begins a block with a base fee of 0.1 gwei on a new chain.
    fn block() -> Rerun {
        let chain = Chain::new(Config::default(), 1_800_000_000).unwrap();
        let block = RerunBlock {
            number: 1,
            l1_number: 1,
            timestamp: 1_800_000_001,
            base_fee: Price(100_000_000),
            gas_limit: GAS_LIMIT,
            beneficiary: SEQUENCER,
        };
        chain.rerun(block, &Programs::default())
    }

    fn run(rerun: &mut Rerun, message: Message) -> Ran {
        let hash = message.hash(412_346);
        rerun.run_message(&message, hash).unwrap()
    }

    fn wei(rerun: &Rerun, address: Address) -> u128 {
        rerun.state.account(address).balance.to()
    }

    /// Theorem: everything that came with a message ends up with those it is for, and the scheduled try is the one that Nitro made.
    #[test]
    fn a_message_is_carried_out_as_nitro_did() {
        let (submission, retry) = first();
        let mut rerun = block();
        let (network, retried_to) = (rerun.network(), submission.call.to.unwrap());
        // The receiver is the CREATE2 factory's signer, which already has wei of its own.
        let [before, had] = [network, retried_to].map(|address| wei(&rerun, address));
        let ran = run(&mut rerun, Message::Submission(submission.clone()));
        assert_eq!((ran.success, ran.gas), (true, Gas(21_000)));
        let scheduled = RedeemScheduled::decode_log_data(&ran.logs[1].data).unwrap();
        assert_eq!(scheduled.retryTxHash, retry.hash(412_346));
        assert_eq!(scheduled.maxRefund, retry.max_refund);
        let topics = ran.logs.iter().map(|log| log.topics()[0].to_string());
        let topics: Vec<_> = topics.map(|topic| topic[..10].to_owned()).collect();
        assert_eq!(topics, ["0x7c793cce", "0x5ccd0095"]);
        let escrow = retryables::escrow(retry.ticket);
        assert_eq!(wei(&rerun, escrow), 10_u128.pow(16));
        let ran = run(&mut rerun, Message::Retry(retry.clone()));
        let expected = (true, Gas(21_000), 0);
        assert_eq!((ran.success, ran.gas, ran.logs.len()), expected);
        assert_eq!(wei(&rerun, retried_to) - had, 10_u128.pow(16));
        assert_eq!(wei(&rerun, escrow), 0);
        assert_eq!(wei(&rerun, submission.call.from), 0);
        // The price above the base fee, and the submission fee; the base fee is the network's.
        assert_eq!(wei(&rerun, submission.fee_refund), 18_900_000_054_600);
        assert_eq!(wei(&rerun, network) - before, 2_100_000_000_000);
        let (now, arbos) = (rerun.settings.timestamp, rerun.arbos);
        let Ok(kept) = retryables::open(&mut rerun.state, retry.ticket, now, arbos);
        assert!(kept.is_none(), "what has succeeded is not kept");
    }

    #[test]
    fn a_message_that_fails_is_kept() {
        let (mut submission, mut retry) = first();
        // Without a receiver, it creates a contract: of code that reverts.
        submission.call.to = None;
        submission.call.data = alloy_primitives::hex!("5f5ffd").into();
        submission.call.gas = Gas(100_000);
        submission.deposit += U256::from(10_u64.pow(15));
        submission.max_submission_fee = U256::from(100_000);
        let mut rerun = block();
        let ran = run(&mut rerun, Message::Submission(submission.clone()));
        assert_eq!((ran.success, ran.gas), (true, Gas(100_000)));
        let scheduled = RedeemScheduled::decode_log_data(&ran.logs[1].data).unwrap();
        retry.ticket = submission.hash(412_346);
        retry.max_refund = scheduled.maxRefund;
        retry.submission_fee_refund = scheduled.submissionFeeRefund;
        assert_eq!(
            retry.submission_fee_refund,
            U256::from(39 * (1_400 + 3 * 6))
        );
        retry.call = MessageCall {
            fee_cap: retry.call.fee_cap,
            ..submission.call.clone()
        };
        assert_eq!(retry.hash(412_346), scheduled.retryTxHash);
        let ran = run(&mut rerun, Message::Retry(retry.clone()));
        assert!(
            !ran.success && ran.gas > Gas(53_000) && ran.gas < Gas(60_000),
            "{ran:?}"
        );
        let escrow = retryables::escrow(retry.ticket);
        assert_eq!(wei(&rerun, escrow), 10_u128.pow(16));
        let (now, arbos) = (rerun.settings.timestamp, rerun.arbos);
        let Ok(kept) = retryables::open(&mut rerun.state, retry.ticket, now, arbos);
        let Ok(words) = kept.unwrap().words(&mut rerun.state);
        assert_eq!(words, 8);

        // Anyone can have it tried again, with all their remaining gas.
        let somebody = Address::repeat_byte(0x5a);
        rerun.deposit(somebody, U256::from(10_u64.pow(18)));
        let redeem = [&keccak256("redeem(bytes32)")[..4], &retry.ticket[..]].concat();
        let call = MessageCall {
            from: somebody,
            gas: Gas(300_000),
            to: Some(ARB_RETRYABLE_TX),
            value: U256::ZERO,
            data: redeem.into(),
            ..retry.call.clone()
        };
        let redeem = Unsigned {
            request: Err(0),
            call,
        };
        let ran = run(&mut rerun, Message::Unsigned(redeem));
        assert_eq!(
            (ran.success, ran.gas),
            (true, Gas(300_000)),
            "all of it is given away"
        );
        let scheduled = RedeemScheduled::decode_log_data(&ran.logs[0].data).unwrap();
        let again = Retry {
            nonce: 1,
            refund_to: somebody,
            max_refund: U256::MAX,
            submission_fee_refund: U256::ZERO,
            call: MessageCall {
                gas: Gas(scheduled.donatedGas),
                ..retry.call.clone()
            },
            ..retry
        };
        assert_eq!(scheduled.sequenceNum, 1);
        assert_eq!(scheduled.retryTxHash, again.hash(412_346));
        let before = wei(&rerun, somebody);
        let ran = run(&mut rerun, Message::Retry(again.clone()));
        assert!(!ran.success);
        // They get back what the try did not use.
        let unused = Gas(scheduled.donatedGas) - ran.gas;
        let back = Price(100_000_000).fee(unused);
        assert_eq!(U256::from(wei(&rerun, somebody) - before), back);
        assert_eq!(wei(&rerun, escrow), 10_u128.pow(16));
    }

    /// What is wrong with a message, and what then happens to the value that came with it.
    #[test]
    fn messages_that_are_not_kept_or_not_tried() {
        type Change = fn(&mut Submission);
        let cases: [(Change, bool, usize); 5] = [
            (|it| it.max_submission_fee = U256::from(54_599), false, 0),
            (|it| it.max_submission_fee = U256::MAX, false, 0),
            (|it| it.call.value = U256::from(10_u64.pow(18)), false, 0),
            (|it| it.call.gas = Gas(20_999), true, 1),
            (|it| it.call.fee_cap = U256::from(99_999_999), true, 1),
        ];
        for (place, (change, success, logs)) in cases.into_iter().enumerate() {
            let (mut submission, _) = first();
            change(&mut submission);
            let mut rerun = block();
            let payers = [submission.call.from, submission.fee_refund, rerun.network()];
            let escrow = retryables::escrow(submission.hash(412_346));
            let all = |rerun: &Rerun| -> u128 {
                let payers = payers.iter().map(|payer| wei(rerun, *payer));
                payers.sum::<u128>() + wei(rerun, escrow)
            };
            let before = all(&rerun);
            let ran = run(&mut rerun, Message::Submission(submission.clone()));
            assert_eq!(
                (ran.success, ran.gas, ran.logs.len()),
                (success, Gas::ZERO, logs),
                "{place}"
            );
            assert_eq!(ran.reason.is_none(), success);
            let deposit: u128 = submission.deposit.to();
            assert_eq!(
                all(&rerun) - before,
                deposit,
                "{place}: no wei is lost or made"
            );
            assert_eq!(wei(&rerun, escrow) > 0, success);
        }
    }

    #[test]
    fn calls_from_l1_pay_no_l1_gas() {
        let (submission, _) = first();
        for request in [Ok(B256::with_last_byte(2)), Err(0)] {
            let mut rerun = block();
            rerun.deposit(submission.call.from, submission.deposit);
            let message = Message::Unsigned(Unsigned {
                request,
                call: submission.call.clone(),
            });
            let ran = run(&mut rerun, message);
            let expected = (true, Gas(21_000), Gas::ZERO);
            assert_eq!((ran.success, ran.gas, ran.poster_gas), expected);
            assert_eq!(rerun.state.nonce(submission.call.from), 1);
        }
        // An account that has a nonce must use it.
        let message = Message::Unsigned(Unsigned {
            request: Err(7),
            call: submission.call.clone(),
        });
        let mut rerun = block();
        rerun.deposit(submission.call.from, submission.deposit);
        let hash = message.hash(412_346);
        let error = rerun.run_message(&message, hash).unwrap_err();
        assert!(error.to_string().contains("nonce too high"), "{error}");
    }
}
