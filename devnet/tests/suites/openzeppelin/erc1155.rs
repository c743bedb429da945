//! Multi-tokens: one by one, in batches, counted, and described.

use alloy_sol_types::sol;

use super::erc721::{PANICKING, REFUSING, REVERTING, Received, SILENT, TAKING, receiver};
use super::*;

sol! {
    #![sol(all_derives)]
    interface Token {
        constructor(string uri);
        function balanceOf(address account, uint256 id) external view returns (uint256);
        function balanceOfBatch(address[] accounts, uint256[] ids) external view returns (uint256[] memory);
        function setApprovalForAll(address operator, bool approved) external;
        function isApprovedForAll(address account, address operator) external view returns (bool);
        function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes data) external;
        function safeBatchTransferFrom(address from, address to, uint256[] ids, uint256[] values, bytes data) external;
        function mint(address to, uint256 id, uint256 value, bytes data) external;
        function mintBatch(address to, uint256[] ids, uint256[] values, bytes data) external;
        function burn(address account, uint256 id, uint256 value) external;
        function burnBatch(address account, uint256[] ids, uint256[] values) external;
        function totalSupply(uint256 id) external view returns (uint256);
        function totalSupply() external view returns (uint256);
        function exists(uint256 id) external view returns (bool);
        function uri(uint256 id) external view returns (string);
        function setTokenURI(uint256 id, string uri) external;
        function setBaseURI(string uri) external;

        event TransferSingle(address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value);
        event TransferBatch(address indexed operator, address indexed from, address indexed to, uint256[] ids, uint256[] values);
        event ApprovalForAll(address indexed account, address indexed operator, bool approved);
        event URI(string value, uint256 indexed id);

        error ERC1155InsufficientBalance(address sender, uint256 balance, uint256 needed, uint256 id);
        error ERC1155InvalidSender(address sender);
        error ERC1155InvalidReceiver(address receiver);
        error ERC1155MissingApprovalForAll(address operator, address owner);
        error ERC1155InvalidOperator(address operator);
        error ERC1155InvalidArrayLength(uint256 ids, uint256 values);
        error InvalidReceiverWithReason(string reason);
    }
}

use Token::*;

fn token(name: &str) -> (Contract, [Address; 3]) {
    let (chain, people) = chain(TokenErrors::SIGNATURES);
    (chain.deploy(module(name)), people)
}

fn numbers(values: &[u64]) -> Vec<U256> {
    values.iter().copied().map(number).collect()
}

fn mint(to: Address, id: u64, value: u64) -> mintCall {
    mintCall {
        to,
        id: number(id),
        value: number(value),
        data: Bytes::new(),
    }
}

fn mint_all(to: Address, ids: &[u64], values: &[u64]) -> mintBatchCall {
    mintBatchCall {
        to,
        ids: numbers(ids),
        values: numbers(values),
        data: Bytes::new(),
    }
}

fn give(from: Address, to: Address, id: u64, value: u64) -> safeTransferFromCall {
    safeTransferFromCall {
        from,
        to,
        id: number(id),
        value: number(value),
        data: Bytes::from([7]),
    }
}

fn give_all(from: Address, to: Address, ids: &[u64], values: &[u64]) -> safeBatchTransferFromCall {
    safeBatchTransferFromCall {
        from,
        to,
        ids: numbers(ids),
        values: numbers(values),
        data: Bytes::from([8]),
    }
}

fn burn(account: Address, id: u64, value: u64) -> burnCall {
    let (id, value) = (number(id), number(value));
    burnCall { account, id, value }
}

fn burn_all(account: Address, ids: &[u64], values: &[u64]) -> burnBatchCall {
    burnBatchCall {
        account,
        ids: numbers(ids),
        values: numbers(values),
    }
}

/// An account's balances of some ids.
fn has(token: &Contract, account: Address, ids: &[u64]) -> Vec<u64> {
    let call = balanceOfBatchCall {
        accounts: vec![account; ids.len()],
        ids: numbers(ids),
    };
    let balances = token.call(call);
    balances.into_iter().map(|balance| balance.to()).collect()
}

/// The contracts with all functions of the standard; the second also counts the supply.
const TOKENS: [&str; 2] = ["erc1155", "erc1155-supply"];

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_are_made_and_given_one_by_one() {
    for name in TOKENS {
        let (token, [alice, bob, carol]) = token(name);
        interfaces(&token, &[0x01ff_c9a7, 0xd9b6_7a26]);
        let sent = token.from(carol).send(mint(alice, 1, 10));
        let made = TransferSingle {
            operator: carol,
            from: Address::ZERO,
            to: alice,
            id: number(1),
            value: number(10),
        };
        assert_eq!(sent.event::<TransferSingle>(), made);
        let sent = token.from(alice).send(give(alice, bob, 1, 4));
        let given = TransferSingle {
            operator: alice,
            from: alice,
            to: bob,
            id: number(1),
            value: number(4),
        };
        assert_eq!(sent.event::<TransferSingle>(), given);
        assert_eq!(
            (has(&token, alice, &[1, 2]), has(&token, bob, &[1])),
            (vec![6, 0], vec![4])
        );
        let nobody = Address::ZERO;
        let error = format!("ERC1155InvalidReceiver({nobody})");
        refused(&token, mint(nobody, 1, 1), &error);
        refused(&token.from(alice), give(alice, nobody, 1, 1), &error);
        let error = format!("ERC1155InsufficientBalance({alice}, 6, 7, 1)");
        refused(&token.from(alice), give(alice, bob, 1, 7), error);
        let error = format!("ERC1155MissingApprovalForAll({bob}, {alice})");
        refused(&token.from(bob), give(alice, bob, 1, 1), error);
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_are_made_and_given_in_batches() {
    for name in TOKENS {
        let (token, [alice, bob, carol]) = token(name);
        let sent = token.send(mint_all(alice, &[1, 2, 3], &[10, 20, 30]));
        let made = TransferBatch {
            operator: token.sender().address(),
            from: Address::ZERO,
            to: alice,
            ids: numbers(&[1, 2, 3]),
            values: numbers(&[10, 20, 30]),
        };
        assert_eq!(sent.event::<TransferBatch>(), made);
        let sent = token
            .from(alice)
            .send(give_all(alice, bob, &[1, 3], &[10, 5]));
        assert_eq!(sent.event::<TransferBatch>().values, numbers(&[10, 5]));
        assert_eq!(has(&token, alice, &[1, 2, 3]), [0, 20, 25]);
        assert_eq!(has(&token, bob, &[1, 2, 3]), [10, 0, 5]);
        // A batch of one is logged as a single transfer, an empty one as a batch.
        let sent = token.from(alice).send(give_all(alice, carol, &[2], &[1]));
        assert_eq!(
            (sent.events::<TransferSingle>().len(), sent.logs.len()),
            (1, 1)
        );
        let sent = token.from(alice).send(give_all(alice, carol, &[], &[]));
        assert_eq!(
            (sent.events::<TransferBatch>().len(), sent.logs.len()),
            (1, 1)
        );

        refused(
            &token,
            mint_all(alice, &[1, 2], &[1]),
            "ERC1155InvalidArrayLength(2, 1)",
        );
        refused(
            &token.from(alice),
            give_all(alice, bob, &[2], &[1, 1]),
            "ERC1155InvalidArrayLength(1, 2)",
        );
        let uneven = balanceOfBatchCall {
            accounts: vec![alice],
            ids: numbers(&[1, 2]),
        };
        refused(&token, uneven, "ERC1155InvalidArrayLength(2, 1)");
        // All or nothing.
        let error = format!("ERC1155InsufficientBalance({alice}, 25, 26, 3)");
        refused(
            &token.from(alice),
            give_all(alice, bob, &[2, 3], &[1, 26]),
            error,
        );
        assert_eq!(has(&token, alice, &[2, 3]), [19, 25]);
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn operators_give_what_is_others() {
    let (token, [alice, bob, carol]) = token("erc1155");
    token.send(mint_all(alice, &[1, 2], &[10, 10]));
    let approval = |operator, approved| setApprovalForAllCall { operator, approved };
    let sent = token.from(alice).send(approval(bob, true));
    let approved = ApprovalForAll {
        account: alice,
        operator: bob,
        approved: true,
    };
    assert_eq!(sent.event::<ApprovalForAll>(), approved);
    assert!(token.call(isApprovedForAllCall {
        account: alice,
        operator: bob
    }));
    let sent = token.from(bob).send(give(alice, carol, 1, 2));
    assert_eq!(sent.event::<TransferSingle>().operator, bob);
    token
        .from(bob)
        .send(give_all(alice, carol, &[1, 2], &[1, 1]));
    token.from(bob).send(burn(alice, 1, 3));
    token.from(alice).send(approval(bob, false));
    let error = format!("ERC1155MissingApprovalForAll({bob}, {alice})");
    refused(&token.from(bob), give_all(alice, carol, &[1], &[1]), &error);
    refused(&token.from(bob), burn(alice, 1, 1), &error);
    refused(&token.from(bob), burn_all(alice, &[1], &[1]), &error);
    let nobody = Address::ZERO;
    refused(
        &token,
        approval(nobody, true),
        format!("ERC1155InvalidOperator({nobody})"),
    );
    assert_eq!(has(&token, alice, &[1, 2]), [4, 9]);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn whoever_has_code_is_asked() {
    for name in TOKENS {
        let (token, [alice, ..]) = token(name);
        let chain = token.sender().chain();
        token.send(mint_all(alice, &[1, 2], &[10, 10]));
        let taking = receiver(chain, TAKING);
        let received = |ids: &[u64], values: &[u64], data: u8| Received {
            operator: alice,
            from: alice,
            ids: numbers(ids),
            values: numbers(values),
            data: Bytes::from([data]),
        };
        let sent = token.from(alice).send(give(alice, taking, 1, 2));
        assert_eq!(sent.event::<Received>(), received(&[1], &[2], 7));
        let sent = token
            .from(alice)
            .send(give_all(alice, taking, &[1, 2], &[1, 1]));
        assert_eq!(sent.event::<Received>(), received(&[1, 2], &[1, 1], 8));
        let sent = token.from(alice).send(mint(taking, 3, 1));
        assert_eq!(sent.event::<Received>().from, Address::ZERO);

        let check = |to: Address, error: &str| {
            let error = error.replace('?', &to.to_string());
            let from = token.from(alice);
            refused(&from, give(alice, to, 1, 1), &error);
            refused(&from, give_all(alice, to, &[1, 2], &[1, 1]), &error);
            refused(&from, mint(to, 1, 1), &error);
            refused(&from, mint_all(to, &[1, 2], &[1, 1]), &error);
        };
        check(receiver(chain, REFUSING), "ERC1155InvalidReceiver(?)");
        check(
            receiver(chain, REVERTING),
            "InvalidReceiverWithReason(\"not for me\")",
        );
        check(receiver(chain, SILENT), "ERC1155InvalidReceiver(?)");
        check(receiver(chain, PANICKING), "ERC1155InvalidReceiver(?)");
        check(token.address(), "ERC1155InvalidReceiver(?)");
        let holder = chain.deploy(module("holder")).address();
        token.from(alice).send(give(alice, holder, 1, 1));
        token
            .from(alice)
            .send(give_all(alice, holder, &[1, 2], &[1, 1]));
        assert_eq!(has(&token, alice, &[1, 2]), [5, 8]);
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn tokens_are_burnt_and_counted() {
    let (token, [alice, bob, _]) = token("erc1155-supply");
    let of = |id| token.call(totalSupply_0Call { id: number(id) }).to::<u64>();
    let all = || token.call(totalSupply_1Call {}).to::<u64>();
    let exists = |id| token.call(existsCall { id: number(id) });
    assert!(!exists(1));
    token.send(mint_all(alice, &[1, 2], &[10, 20]));
    token.send(mint(bob, 1, 5));
    assert_eq!([of(1), of(2), all()], [15, 20, 35]);
    assert!(exists(1) && exists(2) && !exists(3));
    token.from(alice).send(give(alice, bob, 2, 20));
    assert_eq!([of(1), of(2), all()], [15, 20, 35]);
    let sent = token.send(burn_all(bob, &[1, 2], &[5, 20]));
    assert_eq!(sent.event::<TransferBatch>().to, Address::ZERO);
    assert_eq!([of(1), of(2), all()], [10, 0, 10]);
    assert!(exists(1) && !exists(2));
    let error = format!("ERC1155InsufficientBalance({alice}, 10, 11, 1)");
    refused(&token, burn(alice, 1, 11), error);
    let nobody = Address::ZERO;
    refused(
        &token,
        burn(nobody, 1, 1),
        format!("ERC1155InvalidSender({nobody})"),
    );
    // More than the maximum supply: it panics, and nothing has changed.
    let most = mintCall {
        value: U256::MAX,
        ..mint(bob, 1, 0)
    };
    refused_in_silence(&token, most);
    assert_eq!([of(1), all()], [10, 10]);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn kinds_are_described_together_or_each() {
    let (chain, _) = chain(&[]);
    let constructor = Token::constructorCall {
        uri: "https://it.example/{id}.json".into(),
    };
    let token = chain.deploy_with(module("erc1155-uri"), constructor.clone());
    let uri = |id| token.call(uriCall { id: number(id) });
    assert_eq!([uri(1), uri(2)], [constructor.uri.as_str(); 2]);
    token.send(setBaseURICall {
        uri: "ipfs://".into(),
    });
    assert_eq!(uri(1), constructor.uri);
    let sent = token.send(setTokenURICall {
        id: number(1),
        uri: "a".repeat(100),
    });
    let told = URI {
        value: format!("ipfs://{}", "a".repeat(100)),
        id: number(1),
    };
    assert_eq!(sent.event::<URI>(), told);
    assert_eq!([uri(1), uri(2)], [told.value, constructor.uri.clone()]);
    token.send(setTokenURICall {
        id: number(1),
        uri: String::new(),
    });
    assert_eq!(uri(1), constructor.uri);
}
