"""web3.py: contracts, events, errors, filters, middleware and raw transactions."""

import json
import sys

from eth_account import Account
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError, ContractPanicError, TransactionNotFound

URL, ARTIFACT = sys.argv[1:]
failed = 0


def check(name, body):
    """Runs one check and says how it ended, as TAP does."""
    global failed
    try:
        body()
        print(f"ok - {name}")
    except Exception as error:  # pylint: disable=broad-except
        failed += 1
        print(f"not ok - {name}: {type(error).__name__} {error}")


def raises(kind, body):
    """Returns the error of that kind that `body` has to raise."""
    try:
        body()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


def same(actual, expected):
    """Compares, and shows both."""
    assert actual == expected, f"{actual} is not {expected}"


with open(ARTIFACT, encoding="utf-8") as file:
    artifact = json.load(file)
w3 = Web3(Web3.HTTPProvider(URL))
deployer = w3.eth.accounts[1]
w3.eth.default_account = deployer
friend = "0x00000000000000000000000000000000000000AA"
receipt = w3.eth.wait_for_transaction_receipt(
    w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]).constructor("ours").transact()
)
bank = w3.eth.contract(address=receipt.contractAddress, abi=artifact["abi"])


def pays():
    mined = w3.eth.wait_for_transaction_receipt(bank.functions.pay().transact({"value": 5}))
    (event,) = bank.events.Paid().process_receipt(mined)
    same((event.args.who, event.args.amount), (deployer, 5))
    same(bank.functions.balances(deployer).call(), 5)


def finds_logs():
    (event,) = bank.events.Paid().get_logs(from_block=0, argument_filters={"who": deployer})
    same(event.args.amount, 5)
    same(len(bank.events.Paid().get_logs(from_block=0, argument_filters={"who": friend})), 0)


def fails():
    same(raises(ContractLogicError, bank.functions.fail(0).call).message, "execution reverted: as you wish")
    raises(ContractPanicError, bank.functions.fail(1).call)
    same(raises(ContractLogicError, bank.functions.fail(2).call).data, "0x")
    raises(ContractPanicError, bank.functions.fail(3).call)
    raises(ContractCustomError, bank.functions.take(9).call)


def filters():
    blocks, logs = w3.eth.filter("latest"), bank.events.Paid().create_filter(from_block="latest")
    w3.eth.wait_for_transaction_receipt(bank.functions.pay().transact({"value": 1}))
    same(len(blocks.get_new_entries()), 1)
    same([entry.args.amount for entry in logs.get_new_entries()], [1])
    assert w3.eth.uninstall_filter(blocks.filter_id)


def signs():
    account, heir = Account.create(), Account.create().address
    w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction({"to": account.address, "value": 10**18}))
    fields = {"to": heir, "value": 1, "nonce": 0, "gas": 21_000, "chainId": w3.eth.chain_id}
    for nonce, fees in enumerate([{"gasPrice": 10**9}, {"maxFeePerGas": 10**9, "maxPriorityFeePerGas": 0}]):
        signed = account.sign_transaction({**fields, **fees, "nonce": nonce})
        same(w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction)).status, 1)
    same(w3.eth.get_transaction_count(account.address), 2)
    same(w3.eth.get_balance(heir), 2)


def proves():
    proof = w3.eth.get_proof(bank.address, [0])
    same(proof.address, bank.address)
    assert len(proof.accountProof) > 0 and len(proof.storageProof) == 1


def overrides():
    # Returns the number 7.
    code = {friend: {"code": "0x60075f5260205ff3"}}
    same(int.from_bytes(w3.eth.call({"to": friend}, "latest", code)), 7)


def batches():
    with w3.batch_requests() as batch:
        for number in range(3):
            batch.add(w3.eth.get_block(number))
        same([block.number for block in batch.execute()], [0, 1, 2])


def travels():
    snapshot = w3.provider.make_request("evm_snapshot", [])["result"]
    assert not bank.functions.isOld().call()
    w3.provider.make_request("evm_increaseTime", [86_400])
    w3.provider.make_request("evm_mine", [])
    assert bank.functions.isOld().call()
    assert w3.provider.make_request("evm_revert", [snapshot])["result"]
    assert not bank.functions.isOld().call()


check("a payment is mined, and its event decoded", pays)
check("past events are found by their topic", finds_logs)
check("a reason, a panic, a custom error and a revert without data are told apart", fails)
check("filters tell what is new", filters)
check("raw transactions of both kinds are mined", signs)
check("a proof has nodes", proves)
check("state can be overridden", overrides)
check("requests come in batches", batches)
check("time can be moved, and a snapshot brings it back", travels)
check("an unknown transaction is said to be one", lambda: raises(TransactionNotFound, lambda: w3.eth.get_transaction(b"\1" * 32)))
check("fees have a history", lambda: same(len(w3.eth.fee_history(2, "latest", [50]).reward), 2))
check("logs of a block that will come are none", lambda: same(w3.eth.get_logs({"fromBlock": "latest", "address": friend}), []))
sys.exit(0 if failed == 0 else 1)
