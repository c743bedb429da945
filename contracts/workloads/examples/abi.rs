//! Solidity's encoding of `(string, uint256[], (address, bytes)[])`, encoded and decoded 20 times: nested dynamic types, each
//! of which is a block of its own, and one buffer of a size known beforehand.

use std::hint::black_box;

workloads::workload!(run);

const WORD: usize = 32;

#[derive(Clone, PartialEq, Eq)]
struct Order {
    name: String,
    amounts: Vec<[u8; WORD]>,
    payments: Vec<Payment>,
}

#[derive(Clone, PartialEq, Eq)]
struct Payment {
    to: [u8; 20],
    data: Vec<u8>,
}

fn run() -> u64 {
    let mut sum = 0;
    for number in 0..20u8 {
        let order = black_box(Order {
            name: "an order of several things ".repeat(2),
            amounts: (0..number).map(|byte| [byte; WORD]).collect(),
            payments: (0..8)
                .map(|payment| Payment {
                    to: [number; 20],
                    data: vec![payment; 40],
                })
                .collect(),
        });
        let encoded = black_box(encode(&order));
        let decoded = decode(&encoded).unwrap_or_else(|| order.clone());
        assert!(decoded == order);
        sum = workloads::mix(sum, encoded.len() as u64);
    }
    sum
}

fn padded(len: usize) -> usize {
    len.next_multiple_of(WORD)
}

fn encode(order: &Order) -> Vec<u8> {
    let amounts = 3 * WORD + WORD + padded(order.name.len());
    let payments = amounts + WORD + WORD * order.amounts.len();
    let each = |payment: &Payment| 3 * WORD + padded(payment.data.len());
    let total = payments
        + WORD
        + order
            .payments
            .iter()
            .map(|payment| WORD + each(payment))
            .sum::<usize>();
    let mut out = Vec::with_capacity(total);
    word(&mut out, 3 * WORD);
    word(&mut out, amounts);
    word(&mut out, payments);
    bytes(&mut out, order.name.as_bytes());
    word(&mut out, order.amounts.len());
    order
        .amounts
        .iter()
        .for_each(|amount| out.extend_from_slice(amount));
    word(&mut out, order.payments.len());
    let mut offset = WORD * order.payments.len();
    for payment in &order.payments {
        word(&mut out, offset);
        offset += each(payment);
    }
    for payment in &order.payments {
        out.extend_from_slice(&[0; 12]);
        out.extend_from_slice(&payment.to);
        word(&mut out, 2 * WORD);
        bytes(&mut out, &payment.data);
    }
    out
}

fn word(out: &mut Vec<u8>, number: usize) {
    out.extend_from_slice(&[0; WORD - 4]);
    out.extend_from_slice(&(number as u32).to_be_bytes());
}

fn bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    word(out, bytes.len());
    out.extend_from_slice(bytes);
    out.resize(padded(out.len()), 0);
}

fn decode(data: &[u8]) -> Option<Order> {
    let amounts = data.get(number(data, WORD)?..)?;
    let payments = data.get(number(data, 2 * WORD)?..)?;
    Some(Order {
        name: String::from_utf8(dynamic(data, number(data, 0)?)?).ok()?,
        amounts: (0..number(amounts, 0)?)
            .map(|index| amounts.get(WORD * (1 + index)..)?.first_chunk().copied())
            .collect::<Option<_>>()?,
        payments: (0..number(payments, 0)?)
            .map(|index| {
                let items = payments.get(WORD..)?;
                let item = items.get(number(items, WORD * index)?..)?;
                Some(Payment {
                    to: *item.get(12..)?.first_chunk()?,
                    data: dynamic(item, number(item, WORD)?)?,
                })
            })
            .collect::<Option<_>>()?,
    })
}

fn number(data: &[u8], at: usize) -> Option<usize> {
    let bytes = data.get(at + WORD - 4..)?.first_chunk()?;
    Some(u32::from_be_bytes(*bytes) as usize)
}

fn dynamic(data: &[u8], at: usize) -> Option<Vec<u8>> {
    let len = number(data, at)?;
    Some(data.get(at + WORD..)?.get(..len)?.to_vec())
}
