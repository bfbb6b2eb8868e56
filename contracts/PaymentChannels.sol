// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ParatiiToken} from "./ParatiiToken.sol";
import {ChannelBook} from "./base/ChannelBook.sol";
import {ChannelOpening} from "./base/ChannelOpening.sol";
import {ChannelStructs} from "./libraries/ChannelStructs.sol";
import {ChannelWord, ChannelWords} from "./libraries/ChannelWord.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";

/// @title Channels from a payer to a payee
/// @notice A payer's deposit, promised to one payee step by step: each balance proof that the channel's signer signs is
/// cumulative and replaces all before. Whoever sends a transaction, the payee gets what was proven, the payer the rest.
/// @dev A lane is one storage slot, keccak256(abi.encode(payer, payee, signer, lane)); its channels are numbered, and a
/// channel's id is keccak256(abi.encode(slot, number)), so that no proof outlives its channel. Balance proofs are checked
/// by ecrecover against the signer, whatever code any address has.
contract PaymentChannels is ChannelOpening {
    using CompactSignatures for bytes32;

    /// @param token_ The token that is paid.
    /// @param period Seconds in which a payee answers a close.
    constructor(ParatiiToken token_, uint32 period) EIP712("Paratii", "1") ChannelBook(token_, period) {}

    // -------------------------------------------------------------------------------------------------- paying

    /// @notice Pays the payee what a balance proof adds to what it got. Anybody may send it, also while the channel is
    /// closing. What is signed above the deposit is cut to it.
    function withdraw(Route calldata route, uint96 balance, Signature calldata proof) external {
        bytes32 key = _keyOf(route);
        ChannelWord word = ChannelWords.load(key);
        _withdraw(route, key, word, balance, proof);
    }

    /// @notice Answers a close with a newer proof: withdraw, but only while the channel is closing.
    function challenge(Route calldata route, uint96 balance, Signature calldata proof) external {
        (bytes32 key, ChannelWord word) = _load(route);
        if (word.end() == 0) revert PaymentChannels_NotEnded(0);
        _withdraw(route, key, word, balance, proof);
    }

    /// @notice Pays one payee from many channels, in one transfer. An item that is stale, unknown, ended or not well signed
    /// is skipped, with an event, and harms no other.
    function withdrawMany(address payee, PackedProof[] calldata items) external {
        bytes32 domain = _domainSeparatorV4();
        uint256 total;
        for (uint256 i; i < items.length; ++i) {
            PackedProof calldata item = items[i];
            uint256 payer = item.payerAndLane;
            address signer = address(uint160(item.signerAndBalance >> 96));
            uint256 balance = uint96(item.signerAndBalance);
            bytes32 key = _keyOf(address(uint160(payer >> 96)), payee, signer, uint96(payer));
            ChannelWord word = ChannelWords.load(key);
            bytes32 channel = _idOf(key, word.counter());
            uint256 due = _dueOf(word, balance);
            SkipReason reason;
            if (due == 0) reason = word.deposit() == 0 ? SkipReason.NotOpen : SkipReason.Stale;
            else if (_hasEnded(word)) reason = SkipReason.Ended;
            else if (
                ChannelStructs.digest(domain, ChannelStructs.BALANCE_PROOF_TYPEHASH, channel, balance).recover(item.proof)
                    != signer
            ) reason = SkipReason.BadSignature;
            else {
                word = word.take(due);
                word.store(key);
                unchecked {
                    total += due; // of deposits that this contract holds
                }
                emit ChannelWithdrawn(channel, word.withdrawn());
                continue;
            }
            emit WithdrawalSkipped(channel, reason);
        }
        _pay(payee, total);
    }

    // -------------------------------------------------------------------------------------------------- closing

    /// @notice Ends a channel at once: its payee has got `balance` in all, its payer gets the rest. Anybody may send it.
    /// @param proof The signer over BalanceProof. Not looked at if payer or signer send it, or if the balance is what was
    /// withdrawn already.
    /// @param closing The payee over ClosingSignature. Not looked at if the payee sends it.
    function cooperativeClose(
        Route calldata route,
        uint96 balance,
        Signature calldata proof,
        Signature calldata closing
    ) external {
        (bytes32 key, ChannelWord word) = _load(route);
        bytes32 channel = _idOf(key, word.counter());
        if (balance < word.withdrawn() || balance > word.deposit()) revert PaymentChannels_BadBalance(balance);
        if (msg.sender != route.payee) _check(ChannelStructs.CLOSING_TYPEHASH, channel, balance, closing, route.payee);
        if (msg.sender != route.payer && msg.sender != route.signer && balance != word.withdrawn()) {
            _check(ChannelStructs.BALANCE_PROOF_TYPEHASH, channel, balance, proof, route.signer);
        }
        _settle(route, key, channel, word, balance);
    }

    /// @notice Asks, as payer or signer, that a channel end PERIOD from now; until then newer proofs are paid. The payee
    /// gets at once what is conceded, which is never less than what it had.
    function uncooperativeClose(Route calldata route, uint96 balance) external {
        if (msg.sender != route.payer && msg.sender != route.signer) revert PaymentChannels_NotAllowed(msg.sender);
        (bytes32 key, ChannelWord word) = _load(route);
        _requestClose(route.payee, key, _idOf(key, word.counter()), word, balance);
    }

    /// @notice The same, by anybody with the payer's or the signer's signature of UncooperativeClose.
    function uncooperativeCloseBySignature(Route calldata route, uint96 balance, Signature calldata signature)
        external
    {
        (bytes32 key, ChannelWord word) = _load(route);
        bytes32 channel = _idOf(key, word.counter());
        address from = _recover(ChannelStructs.UNCOOPERATIVE_CLOSE_TYPEHASH, channel, balance, signature);
        if (from == address(0) || (from != route.payer && from != route.signer)) revert PaymentChannels_BadSignature();
        _requestClose(route.payee, key, channel, word, balance);
    }

    /// @notice Returns to the payer what nobody proved, once the period is over. Anybody may send it.
    function settle(Route calldata route) external {
        (bytes32 key, ChannelWord word) = _load(route);
        if (!_hasEnded(word)) revert PaymentChannels_NotEnded(word.end());
        _settle(route, key, _idOf(key, word.counter()), word, word.withdrawn());
    }

    // -------------------------------------------------------------------------------------------------- internals

    function _withdraw(
        Route calldata route,
        bytes32 key,
        ChannelWord word,
        uint256 balance,
        Signature calldata proof
    ) private {
        bytes32 channel = _idOf(key, word.counter());
        uint256 due = _dueOf(word, balance);
        if (due == 0) {
            if (word.deposit() == 0) revert PaymentChannels_NotOpen();
            revert PaymentChannels_Stale(balance);
        }
        if (_hasEnded(word)) revert PaymentChannels_Ended(word.end());
        _check(ChannelStructs.BALANCE_PROOF_TYPEHASH, channel, balance, proof, route.signer);
        word = word.take(due);
        word.store(key);
        emit ChannelWithdrawn(channel, word.withdrawn());
        _send(route.payee, due);
    }

    function _requestClose(address payee, bytes32 key, bytes32 channel, ChannelWord word, uint256 balance) private {
        if (word.end() != 0) revert PaymentChannels_Closing(channel);
        if (balance > word.deposit()) revert PaymentChannels_BadBalance(balance);
        uint256 due = _dueOf(word, balance);
        uint256 end = block.timestamp + PERIOD;
        word = word.take(due).closeAt(end);
        word.store(key);
        emit CloseRequested(channel, word.withdrawn(), uint40(end));
        _pay(payee, due);
    }

    function _settle(Route calldata route, bytes32 key, bytes32 channel, ChannelWord word, uint256 balance) private {
        word.clear().store(key);
        uint256 due;
        uint256 rest;
        unchecked {
            due = balance - word.withdrawn();
            rest = word.deposit() - balance;
        }
        emit ChannelSettled(channel, balance);
        if (word.hasTerms()) {
            emit SecondsPaid(channel, balance / _rates[channel]);
            delete _rates[channel];
        }
        _payBoth(route.payee, due, route.payer, rest);
    }

    function _check(
        bytes32 typeHash,
        bytes32 channel,
        uint256 balance,
        Signature calldata signature,
        address expected
    ) private view {
        // No channel has a payee or a signer of zero, which a failed recovery leaves.
        if (_recover(typeHash, channel, balance, signature) != expected) revert PaymentChannels_BadSignature();
    }

    function _recover(bytes32 typeHash, bytes32 channel, uint256 balance, Signature calldata signature)
        private
        view
        returns (address)
    {
        return ChannelStructs.digest(_domainSeparatorV4(), typeHash, channel, balance).recover(signature);
    }
}
