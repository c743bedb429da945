//! Transactions that nobody signed: messages from L1, and what they lead to.
//!
//! Lives here: their fields, their hashes, which cover all fields, and their events. Not here: executing them (`chain::rerun`), parsing
//! them from a node's answers (`fork::mined`).

use alloy_primitives::{Address, B256, Bytes, TxKind, U256, keccak256};
use alloy_rlp::{BufMut, Encodable, Header};
use alloy_sol_types::sol;
use stylus_vm::Gas;

sol! {
    #![sol(all_derives)]
    /// A message has arrived.
    event TicketCreated(bytes32 indexed ticketId);
    /// A try has been scheduled: it is the next transaction after those that were scheduled before.
    event RedeemScheduled(
        bytes32 indexed ticketId, bytes32 indexed retryTxHash, uint64 indexed sequenceNum, uint64 donatedGas, address gasDonor,
        uint256 maxRefund, uint256 submissionFeeRefund
    );
}

/// Arbitrum's transaction types in addition to Ethereum's.
pub(crate) const UNSIGNED: u8 = 0x65;
pub(crate) const CONTRACT: u8 = 0x66;
pub(crate) const RETRY: u8 = 0x68;
pub(crate) const SUBMISSION: u8 = 0x69;

/// A call by an L1 account: one with a key, and then with a nonce, or a contract.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unsigned {
    /// The request id on L1, for a contract; an account with a key has a nonce instead.
    pub(crate) request: Result<B256, u64>,
    pub(crate) call: MessageCall,
}

/// The call that a message makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct MessageCall {
    pub(crate) from: Address,
    /// The most wei per gas: a whole word, which the hash covers as its sender wrote it.
    pub(crate) fee_cap: U256,
    pub(crate) gas: Gas,
    /// `None` for a creation.
    pub(crate) to: Option<Address>,
    /// Wei.
    pub(crate) value: U256,
    pub(crate) data: Bytes,
}

/// A retryable message as it arrives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Submission {
    pub(crate) request: B256,
    /// Wei per L1 gas.
    pub(crate) l1_base_fee: U256,
    /// Wei that came with it.
    pub(crate) deposit: U256,
    /// The most wei that may be charged for keeping it.
    pub(crate) max_submission_fee: U256,
    /// Who receives what is left of the fees.
    pub(crate) fee_refund: Address,
    /// Who receives its value if it never succeeds.
    pub(crate) beneficiary: Address,
    pub(crate) call: MessageCall,
}

/// A try to execute a retryable message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Retry {
    /// How many tries there were before.
    pub(crate) nonce: u64,
    pub(crate) ticket: B256,
    pub(crate) refund_to: Address,
    /// The most wei that may be refunded there.
    pub(crate) max_refund: U256,
    pub(crate) submission_fee_refund: U256,
    pub(crate) call: MessageCall,
}

/// An unsigned transaction of any of these types.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Message {
    Unsigned(Unsigned),
    Submission(Submission),
    Retry(Retry),
}

impl Message {
    /// The call that it makes, now or in a later try.
    pub(crate) fn call(&self) -> &MessageCall {
        match self {
            Self::Unsigned(unsigned) => &unsigned.call,
            Self::Submission(submission) => &submission.call,
            Self::Retry(retry) => &retry.call,
        }
    }

    /// Its hash on the chain with this id.
    pub(crate) fn hash(&self, chain_id: u64) -> B256 {
        match self {
            Self::Unsigned(unsigned) => unsigned.hash(chain_id),
            Self::Submission(submission) => submission.hash(chain_id),
            Self::Retry(retry) => retry.hash(chain_id),
        }
    }
}

impl Unsigned {
    pub(crate) fn hash(&self, chain_id: u64) -> B256 {
        let MessageCall {
            from,
            fee_cap,
            gas,
            to,
            value,
            data,
        } = &self.call;
        match &self.request {
            Ok(request) => hash(
                CONTRACT,
                &[
                    &chain_id,
                    request,
                    from,
                    fee_cap,
                    &gas.0,
                    &kind(*to),
                    value,
                    data,
                ],
            ),
            Err(nonce) => hash(
                UNSIGNED,
                &[
                    &chain_id,
                    from,
                    nonce,
                    fee_cap,
                    &gas.0,
                    &kind(*to),
                    value,
                    data,
                ],
            ),
        }
    }
}

impl Submission {
    pub(crate) fn hash(&self, chain_id: u64) -> B256 {
        let MessageCall {
            from,
            fee_cap,
            gas,
            to,
            value,
            data,
        } = &self.call;
        hash(
            SUBMISSION,
            &[
                &chain_id,
                &self.request,
                from,
                &self.l1_base_fee,
                &self.deposit,
                fee_cap,
                &gas.0,
                &kind(*to),
                value,
                &self.beneficiary,
                &self.max_submission_fee,
                &self.fee_refund,
                data,
            ],
        )
    }
}

impl Retry {
    pub(crate) fn hash(&self, chain_id: u64) -> B256 {
        let MessageCall {
            from,
            fee_cap,
            gas,
            to,
            value,
            data,
        } = &self.call;
        hash(
            RETRY,
            &[
                &chain_id,
                &self.nonce,
                from,
                fee_cap,
                &gas.0,
                &kind(*to),
                value,
                data,
                &self.ticket,
                &self.refund_to,
                &self.max_refund,
                &self.submission_fee_refund,
            ],
        )
    }
}

/// Converts an address to call, or `None` for a creation.
pub(crate) fn kind(to: Option<Address>) -> TxKind {
    to.map_or(TxKind::Create, TxKind::Call)
}

/// Hashes a type and its fields, in order.
fn hash(kind: u8, fields: &[&dyn Encodable]) -> B256 {
    let payload_length = fields.iter().map(|field| field.length()).sum();
    let mut bytes = vec![kind];
    Header {
        list: true,
        payload_length,
    }
    .encode(&mut bytes);
    for field in fields {
        field.encode(&mut bytes as &mut dyn BufMut);
    }
    keccak256(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use alloy_primitives::{address, b256};

    use super::*;

    /// The first message of a Nitro chain, as Nitro's test network started with it, and the try that it led to.
    pub(crate) fn first() -> (Submission, Retry) {
        let call = MessageCall {
            from: address!("0xdd6bd74674c356345db88c354491c7d3173c6806"),
            fee_cap: U256::from(1_000_000_000),
            gas: Gas(21_000),
            to: Some(address!("0x3fab184622dc19b6109349b94811493bf2a45362")),
            value: U256::from(10_000_000_000_000_000_u64),
            data: Bytes::new(),
        };
        let payer = address!("0x93b4c114b40ecf1fc34745400a1b9b9115c34e42");
        let submission = Submission {
            request: B256::with_last_byte(1),
            l1_base_fee: U256::from(39),
            deposit: U256::from(10_021_000_000_054_600_u64),
            max_submission_fee: U256::from(54_600),
            fee_refund: payer,
            beneficiary: payer,
            call: call.clone(),
        };
        let retry = Retry {
            nonce: 0,
            ticket: submission.hash(412_346),
            refund_to: payer,
            max_refund: U256::from(2_100_000_054_600_u64),
            submission_fee_refund: U256::from(54_600),
            call: MessageCall {
                fee_cap: U256::from(100_000_000),
                ..call
            },
        };
        (submission, retry)
    }

    #[test]
    fn hashes_are_nitros() {
        let (submission, retry) = first();
        assert_eq!(
            submission.hash(412_346),
            b256!("0xcfb3f4f75e092c28579f5b536c8919d63b823bf487c2c946ae8ad539ed2a971d")
        );
        assert_eq!(
            retry.hash(412_346),
            b256!("0xf2df0912b3d8b8e41d4d88fae405def3a64ae0ef1a229d1b517ef2f5c07e2c15")
        );
    }
}
