//! A token that lends for one call: the borrower is called by the lender, and calls it back.

use alloy_sol_types::sol;

use super::erc20::*;
use super::*;

sol! {
    #![sol(all_derives)]
    interface Lender {
        constructor(address feeReceiver, uint256 fee);
        function maxFlashLoan(address token) external view returns (uint256);
        function flashFee(address token, uint256 value) external view returns (uint256);
        function flashLoan(address receiver, address token, uint256 value, bytes data) external returns (bool);

        error ERC3156UnsupportedToken(address token);
        error ERC3156ExceededMaxLoan(uint256 maxLoan);
        error ERC3156InvalidReceiver(address receiver);
    }

    interface Borrower {
        constructor(bool answers, bool approves);
        event Borrowed(address indexed initiator, uint256 fee, uint256 balance);
    }
}

use Borrower::Borrowed;
use Lender::*;

const FEE: u64 = 100;

fn lender(fee: u64, fee_receiver: Address) -> Contract {
    let (chain, _) = chain(LenderErrors::SIGNATURES);
    let constructor = Lender::constructorCall {
        feeReceiver: fee_receiver,
        fee: number(fee),
    };
    let lender = chain.deploy_with(module("erc20-flash-mint"), constructor);
    lender.with_errors(TokenErrors::SIGNATURES)
}

fn borrower(lender: &Contract, answers: bool, approves: bool) -> Address {
    let chain = lender.sender().chain();
    let constructor = Borrower::constructorCall { answers, approves };
    chain
        .deploy_with(module("flash-borrower"), constructor)
        .address()
}

fn loan(lender: &Contract, receiver: Address, value: u64, data: impl Into<Bytes>) -> flashLoanCall {
    flashLoanCall {
        receiver,
        token: lender.address(),
        value: number(value),
        data: data.into(),
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn all_that_there_could_be_is_lent_of_the_token_itself() {
    let lender = lender(FEE, Address::ZERO);
    let (token, other) = (lender.address(), lender.sender().address());
    let most = |token| lender.call(maxFlashLoanCall { token });
    assert_eq!(most(token), U256::MAX);
    lender.send(mint(other, 1_000));
    assert_eq!(most(token), U256::MAX - number(1_000));
    assert_eq!([most(other), most(Address::ZERO)], [U256::ZERO; 2]);
    for value in [U256::ZERO, U256::ONE, U256::MAX] {
        assert_eq!(lender.call(flashFeeCall { token, value }), number(FEE));
        let error = format!("ERC3156UnsupportedToken({other})");
        refused(
            &lender,
            flashFeeCall {
                token: other,
                value,
            },
            error,
        );
    }
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_loan_comes_back_with_its_fee() {
    let collector = Address::repeat_byte(0xfe);
    let check = |fee: u64, fee_receiver: Address| {
        let lender = lender(fee, fee_receiver);
        let token = lender.address();
        let borrower = borrower(&lender, true, true);
        lender.send(mint(borrower, FEE));
        let sent = lender.send(loan(&lender, borrower, 5_000, Bytes::new()));
        assert!(sent.returned);
        let borrowed = Borrowed {
            initiator: lender.sender().address(),
            fee: number(fee),
            balance: number(5_000 + FEE),
        };
        assert_eq!(sent.event::<Borrowed>(), borrowed);
        let approval = Approval {
            owner: borrower,
            spender: token,
            value: number(5_000 + fee),
        };
        assert_eq!(sent.event::<Approval>(), approval);
        let nobody = Address::ZERO;
        let burnt = match fee_receiver.is_zero() {
            true => vec![moved(borrower, nobody, 5_000 + fee)],
            false if fee == 0 => vec![moved(borrower, nobody, 5_000)],
            false => vec![
                moved(borrower, nobody, 5_000),
                moved(borrower, fee_receiver, fee),
            ],
        };
        let all = [vec![moved(nobody, borrower, 5_000)], burnt].concat();
        assert_eq!(sent.events::<Transfer>(), all);
        balances(&lender, [(borrower, FEE - fee)]);
        let left = if fee_receiver.is_zero() {
            FEE - fee
        } else {
            FEE
        };
        assert_eq!(lender.call(totalSupplyCall {}), number(left));
    };
    check(FEE, Address::ZERO);
    check(FEE, collector);
    check(0, Address::ZERO);
    check(0, collector);
}

#[test]
#[ignore = "builds contracts: scripts/test runs it"]
fn a_loan_that_does_not_come_back_was_never_made() {
    let lender = lender(FEE, Address::ZERO);
    let token = lender.address();
    let good = borrower(&lender, true, true);
    lender.send(mint(good, FEE));

    let lent = |receiver| loan(&lender, receiver, 50, Bytes::new());
    let invalid = |receiver: Address| format!("ERC3156InvalidReceiver({receiver})");
    // The zero address, an account without code, one that answers wrongly, and one without such a function.
    let other = borrower(&lender, false, true);
    for receiver in [Address::ZERO, lender.sender().address(), other, token] {
        refused(&lender, lent(receiver), invalid(receiver));
    }
    let ungiving = borrower(&lender, true, false);
    refused(
        &lender,
        lent(ungiving),
        format!("ERC20InsufficientAllowance({token}, 0, 150)"),
    );
    // The loan is gone when it has to be burnt.
    let spent = loan(&lender, good, 50, transfer(other, 50 + FEE).abi_encode());
    refused(
        &lender,
        spent,
        format!("ERC20InsufficientBalance({good}, 0, 150)"),
    );
    // A callback that fails.
    let failing = loan(&lender, good, 50, transfer(Address::ZERO, 1).abi_encode());
    refused(&lender, failing, invalid(good));

    let foreign = |value| flashLoanCall {
        token: other,
        ..loan(&lender, good, value, Bytes::new())
    };
    refused(&lender, foreign(1), "ERC3156ExceededMaxLoan(0)");
    refused(
        &lender,
        foreign(0),
        format!("ERC3156UnsupportedToken({other})"),
    );
    let most = U256::MAX - number(FEE);
    let all = |value| flashLoanCall {
        value,
        ..lent(good)
    };
    refused(
        &lender,
        all(U256::MAX),
        format!("ERC3156ExceededMaxLoan({most})"),
    );
    assert_eq!(lender.call(totalSupplyCall {}), number(FEE));

    // Nothing exists yet, so everything can be lent; then there is no room for the fee, which panics.
    let lender = self::lender(FEE, Address::ZERO);
    let good = borrower(&lender, true, true);
    let all = flashLoanCall {
        value: U256::MAX,
        ..loan(&lender, good, 0, Bytes::new())
    };
    refused_in_silence(&lender, all);
}
