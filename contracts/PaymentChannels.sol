// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1363Receiver} from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {ParatiiToken} from "./ParatiiToken.sol";
import {Permits} from "./base/Permits.sol";
import {IERC223Receiver} from "./interfaces/IERC223Receiver.sol";
import {IPaymentChannelsTypes} from "./interfaces/IPaymentChannelsTypes.sol";
import {ChannelStructs} from "./libraries/ChannelStructs.sol";
import {ChannelWord, ChannelWords} from "./libraries/ChannelWord.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";

/// @title Channels from a payer to a payee
/// @notice A payer's deposit, promised to one payee step by step: each balance proof that the channel's signer signs is
/// cumulative and replaces all before. Whoever sends a transaction, the payee gets what was proven, the payer the rest.
/// @dev A lane is one storage slot, keccak256(abi.encode(payer, payee, signer, lane)); its channels are numbered, and a
/// channel's id is keccak256(abi.encode(slot, number)), so that no proof outlives its channel. Balance proofs are checked
/// by ecrecover against the signer, whatever code any address has.
contract PaymentChannels is IPaymentChannelsTypes, IERC1363Receiver, IERC223Receiver, EIP712, Permits {
    using SafeERC20 for IERC20;
    using CompactSignatures for bytes32;

    /// @dev Lengths of the data that tokens come with: payee, then signer, lane (12 bytes), number (5 bytes); or a whole
    /// acceptance with its payee's signature, ABI encoded.
    uint256 private constant _PAYEE = 20;
    uint256 private constant _PAYEE_SIGNER = 40;
    uint256 private constant _PAYEE_SIGNER_LANE = 52;
    uint256 private constant _PAYEE_SIGNER_LANE_COUNTER = 57;
    uint256 private constant _ACCEPTANCE = 13 * 32;

    /// @notice Seconds in which a payee answers a close.
    uint256 public immutable PERIOD;

    mapping(bytes32 channel => uint256) private _rates; // base units a second, of open channels with terms

    /// @param token_ The token that is paid.
    /// @param period Seconds in which a payee answers a close.
    constructor(ParatiiToken token_, uint32 period) EIP712("Paratii", "1") Permits(token_) {
        PERIOD = period;
    }

    // --------------------------------------------------------------------------------------------------- opening

    /// @notice Opens a channel of the sender with tokens of its allowance.
    /// @param signer The key whose balance proofs the channel pays.
    /// @param lane Any number; one channel at a time is open in each.
    function createChannel(address payee, address signer, uint96 lane, uint256 deposit)
        external
        returns (bytes32 channel)
    {
        (, channel) = _open(Route(msg.sender, payee, signer, lane), deposit);
        _take(msg.sender, deposit);
    }

    /// @notice Opens a channel for `payer` with tokens of the sender's allowance; what is left returns to the payer. Its
    /// lane is `laneOf(sender, lane)`, so that no delegate can occupy a lane of the payer or of another delegate.
    function createChannelDelegate(address payer, address payee, address signer, uint96 lane, uint256 deposit)
        external
        returns (bytes32 channel)
    {
        (, channel) = _open(Route(payer, payee, signer, laneOf(msg.sender, lane)), deposit);
        _take(msg.sender, deposit);
    }

    /// @notice Opens a channel with tokens of the payer by ERC-3009. Anybody may send it.
    /// @param signature The payer over ReceiveWithAuthorization of `deposit` to this contract, validAfter 0, nonce the
    /// EIP-712 digest of CreateChannel with the id of the lane's next channel.
    function createChannelWithAuthorization(
        Route calldata route,
        uint256 deposit,
        uint256 validBefore,
        Signature calldata signature
    ) external returns (bytes32 channel) {
        (, channel) = _open(route, deposit);
        bytes32 nonce = _hashTypedDataV4(ChannelStructs.hashCreate(channel, deposit));
        _receive(route.payer, deposit, validBefore, nonce, signature);
    }

    /// @notice Opens a channel of the sender on the terms that its payee signed, with the deposit for the whole length. An
    /// acceptance serves once.
    function openWithTerms(Acceptance calldata acceptance, Signature calldata payee)
        external
        returns (bytes32 channel)
    {
        if (msg.sender != acceptance.payer) revert PaymentChannels_NotAllowed(msg.sender);
        uint256 deposit;
        (channel, deposit,) = _openWithTerms(acceptance, payee);
        _take(msg.sender, deposit);
    }

    /// @notice The same with tokens of the payer by ERC-3009. Anybody may send it.
    /// @param payer The payer over ReceiveWithAuthorization of rate * length to this contract, validAfter 0, nonce the
    /// EIP-712 digest of the Acceptance.
    function openWithTermsAndAuthorization(
        Acceptance calldata acceptance,
        Signature calldata payee,
        uint256 validBefore,
        Signature calldata payer
    ) external returns (bytes32 channel) {
        uint256 deposit;
        bytes32 digest;
        (channel, deposit, digest) = _openWithTerms(acceptance, payee);
        _receive(acceptance.payer, deposit, validBefore, digest, payer);
    }

    /// @inheritdoc IERC1363Receiver
    /// @dev `data` opens a channel (payee; payee, signer; payee, signer, lane: packed; an acceptance and its signature) or
    /// tops one up (payee, signer, lane, number). Without a signer the payer signs itself.
    function onTransferReceived(address, address from, uint256 value, bytes calldata data) external returns (bytes4) {
        _received(from, value, data);
        return IERC1363Receiver.onTransferReceived.selector;
    }

    /// @inheritdoc IERC223Receiver
    function tokenFallback(address from, uint256 value, bytes calldata data) external {
        _received(from, value, data);
    }

    // ------------------------------------------------------------------------------------------------- topping up

    /// @notice Adds tokens of the sender to its channel, unless that is closing.
    function topUp(address payee, address signer, uint96 lane, uint40 counter, uint256 added) external {
        _topUp(Route(msg.sender, payee, signer, lane), counter, added);
        _take(msg.sender, added);
    }

    /// @notice Adds tokens of the sender to the channel of another, unless that is closing.
    function topUpDelegate(Route calldata route, uint40 counter, uint256 added) external {
        _topUp(route, counter, added);
        _take(msg.sender, added);
    }

    /// @notice Adds tokens of the payer by ERC-3009. Anybody may send it.
    /// @param signature The payer over ReceiveWithAuthorization of `added` to this contract, validAfter 0, nonce the
    /// EIP-712 digest of TopUp.
    function topUpWithAuthorization(
        Route calldata route,
        uint40 counter,
        uint256 added,
        bytes32 salt,
        uint256 validBefore,
        Signature calldata signature
    ) external {
        bytes32 channel = _topUp(route, counter, added);
        bytes32 nonce = _hashTypedDataV4(ChannelStructs.hashTopUp(channel, added, salt));
        _receive(route.payer, added, validBefore, nonce, signature);
    }

    // -------------------------------------------------------------------------------------------------- paying

    /// @notice Pays the payee what a balance proof adds to what it got. Anybody may send it, also while the channel is
    /// closing. What is signed above the deposit is cut to it.
    function withdraw(Route calldata route, uint256 balance, Signature calldata proof) external {
        (bytes32 key, ChannelWord word) = _load(route);
        _withdraw(route, key, word, balance, proof);
    }

    /// @notice Answers a close with a newer proof: withdraw, but only while the channel is closing.
    function challenge(Route calldata route, uint256 balance, Signature calldata proof) external {
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
            uint256 signer = item.signerAndBalance;
            bytes32 key = _keyOf(
                address(uint160(payer >> 96)), payee, address(uint160(signer >> 96)), uint96(payer)
            );
            ChannelWord word = ChannelWords.load(key);
            bytes32 channel = _idOf(key, word.counter());
            uint256 balance = uint96(signer);
            uint256 due = _dueOf(word, balance);
            SkipReason reason;
            if (word.deposit() == 0) reason = SkipReason.NotOpen;
            else if (due == 0) reason = SkipReason.Stale;
            else if (_hasEnded(word)) reason = SkipReason.Ended;
            else if (
                ChannelStructs.digest(domain, ChannelStructs.BALANCE_PROOF_TYPEHASH, channel, balance).recover(item.proof)
                    != address(uint160(signer >> 96))
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
        uint256 balance,
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
    function uncooperativeClose(Route calldata route, uint256 balance) external {
        if (msg.sender != route.payer && msg.sender != route.signer) revert PaymentChannels_NotAllowed(msg.sender);
        (bytes32 key, ChannelWord word) = _load(route);
        _requestClose(route.payee, key, _idOf(key, word.counter()), word, balance);
    }

    /// @notice The same, by anybody with the payer's or the signer's signature of UncooperativeClose.
    function uncooperativeCloseBySignature(Route calldata route, uint256 balance, Signature calldata signature)
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

    // -------------------------------------------------------------------------------------------------- reading

    /// @notice A lane as it stands.
    function channelOf(Route calldata route) external view returns (Channel memory) {
        bytes32 key = keyOf(route);
        ChannelWord word = ChannelWords.load(key);
        uint256 counter = word.counter();
        return Channel({
            id: counter == 0 ? bytes32(0) : _idOf(key, counter),
            counter: uint40(counter),
            deposit: uint96(word.deposit()),
            withdrawn: uint96(word.withdrawn()),
            end: uint40(word.end())
        });
    }

    /// @notice The slot of a lane.
    function keyOf(Route calldata route) public pure returns (bytes32) {
        return _keyOf(route.payer, route.payee, route.signer, route.lane);
    }

    /// @notice The id of channel number `counter` of a lane; the next to open has the last number plus one.
    function idOf(Route calldata route, uint40 counter) external pure returns (bytes32) {
        return _idOf(keyOf(route), counter);
    }

    /// @notice The lane that channels of a delegate have.
    function laneOf(address delegate, uint96 lane) public pure returns (uint96) {
        return uint96(bytes12(keccak256(abi.encode(delegate, lane))));
    }

    /// @notice The lane that a channel with terms has: the first 12 bytes of the EIP-712 digest of its Acceptance.
    function laneOfTerms(Acceptance calldata acceptance) external view returns (uint96) {
        return uint96(bytes12(_hashTypedDataV4(ChannelStructs.hashAcceptance(acceptance))));
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    // -------------------------------------------------------------------------------------------------- internals

    function _received(address from, uint256 value, bytes calldata data) private {
        if (msg.sender != address(token)) revert PaymentChannels_NotAllowed(msg.sender);
        uint256 length = data.length;
        if (length == _ACCEPTANCE) {
            (Acceptance memory acceptance, Signature memory payee) = abi.decode(data, (Acceptance, Signature));
            if (acceptance.payer != from) revert PaymentChannels_NotAllowed(from);
            (, uint256 deposit,) = _openWithTerms(acceptance, payee);
            if (deposit != value) revert PaymentChannels_BadDeposit(value);
            return;
        }
        if (
            length != _PAYEE && length != _PAYEE_SIGNER && length != _PAYEE_SIGNER_LANE
                && length != _PAYEE_SIGNER_LANE_COUNTER
        ) revert PaymentChannels_BadData();
        Route memory route = Route(from, address(bytes20(data)), from, 0);
        if (length > _PAYEE) route.signer = address(bytes20(data[_PAYEE:]));
        if (length > _PAYEE_SIGNER) route.lane = uint96(bytes12(data[_PAYEE_SIGNER:]));
        if (length > _PAYEE_SIGNER_LANE) _topUp(route, uint40(bytes5(data[_PAYEE_SIGNER_LANE:])), value);
        else _open(route, value);
    }

    function _open(Route memory route, uint256 deposit) private returns (bytes32 key, bytes32 channel) {
        if (route.payer == address(0) || route.payee == address(0) || route.signer == address(0)) {
            revert PaymentChannels_BadRoute();
        }
        if (deposit == 0 || deposit > ChannelWords.MAX_DEPOSIT) revert PaymentChannels_BadDeposit(deposit);
        key = _keyOf(route.payer, route.payee, route.signer, route.lane);
        ChannelWord word = ChannelWords.load(key);
        if (word.deposit() != 0) revert PaymentChannels_Exists(_idOf(key, word.counter()));
        word = word.open(deposit);
        word.store(key);
        channel = _idOf(key, word.counter());
        emit ChannelCreated(
            channel, route.payer, route.payee, route.signer, route.lane, uint40(word.counter()), deposit
        );
    }

    /// @dev An acceptance names its lane, and only a lane that was never used will do: so it serves once.
    function _openWithTerms(Acceptance memory acceptance, Signature memory payee)
        private
        returns (bytes32 channel, uint256 deposit, bytes32 digest)
    {
        if (block.timestamp >= acceptance.validUntil) revert PaymentChannels_Expired(acceptance.validUntil);
        digest = _hashTypedDataV4(ChannelStructs.hashAcceptance(acceptance));
        if (!_agrees(acceptance.payee, digest, payee)) revert PaymentChannels_BadSignature();
        deposit = uint256(acceptance.rate) * acceptance.length;
        bytes32 key;
        (key, channel) = _open(
            Route(acceptance.payer, acceptance.payee, acceptance.signer, uint96(bytes12(digest))), deposit
        );
        ChannelWord word = ChannelWords.load(key);
        if (word.counter() != 1) revert PaymentChannels_Exists(channel);
        word.withTerms().store(key);
        _rates[channel] = acceptance.rate;
        emit TermsAccepted(
            channel,
            acceptance.video,
            acceptance.bid,
            acceptance.format,
            acceptance.root,
            acceptance.rate,
            acceptance.chunkSeconds,
            acceptance.length
        );
    }

    function _topUp(Route memory route, uint40 counter, uint256 added) private returns (bytes32 channel) {
        bytes32 key = _keyOf(route.payer, route.payee, route.signer, route.lane);
        ChannelWord word = ChannelWords.load(key);
        if (word.deposit() == 0 || word.counter() != counter) revert PaymentChannels_NotOpen();
        channel = _idOf(key, counter);
        if (word.end() != 0) revert PaymentChannels_Closing(channel);
        if (added == 0 || added > ChannelWords.MAX_DEPOSIT - word.deposit()) revert PaymentChannels_BadDeposit(added);
        word.add(added).store(key);
        emit ChannelToppedUp(channel, added);
    }

    function _withdraw(
        Route calldata route,
        bytes32 key,
        ChannelWord word,
        uint256 balance,
        Signature calldata proof
    ) private {
        bytes32 channel = _idOf(key, word.counter());
        uint256 due = _dueOf(word, balance);
        if (due == 0) revert PaymentChannels_Stale(balance);
        if (_hasEnded(word)) revert PaymentChannels_Ended(word.end());
        _check(ChannelStructs.BALANCE_PROOF_TYPEHASH, channel, balance, proof, route.signer);
        word = word.take(due);
        word.store(key);
        emit ChannelWithdrawn(channel, word.withdrawn());
        _pay(route.payee, due);
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
        emit ChannelSettled(channel, balance, rest);
        if (word.hasTerms()) {
            emit SecondsPaid(channel, balance / _rates[channel]);
            delete _rates[channel];
        }
        _pay(route.payee, due);
        _pay(route.payer, rest);
    }

    function _take(address from, uint256 amount) private {
        IERC20(token).safeTransferFrom(from, address(this), amount);
    }

    function _pay(address to, uint256 amount) private {
        if (amount != 0) IERC20(token).safeTransfer(to, amount);
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

    /// @dev Whether an account agrees to open: by key, or by ERC-1271.
    function _agrees(address account, bytes32 digest, Signature memory signature) private view returns (bool) {
        address from = digest.recoverMemory(signature);
        return (from != address(0) && from == account)
            || SignatureChecker.isValidERC1271SignatureNow(account, digest, abi.encode(signature.r, signature.vs));
    }

    function _load(Route calldata route) private view returns (bytes32 key, ChannelWord word) {
        key = keyOf(route);
        word = ChannelWords.load(key);
        if (word.deposit() == 0) revert PaymentChannels_NotOpen();
    }

    function _hasEnded(ChannelWord word) private view returns (bool) {
        uint256 end = word.end();
        return end != 0 && block.timestamp >= end;
    }

    /// @dev What a balance, cut to the deposit, adds to what was withdrawn.
    function _dueOf(ChannelWord word, uint256 balance) private pure returns (uint256) {
        (uint256 deposit, uint256 withdrawn) = (word.deposit(), word.withdrawn());
        if (balance > deposit) balance = deposit;
        unchecked {
            return balance > withdrawn ? balance - withdrawn : 0;
        }
    }

    function _keyOf(address payer, address payee, address signer, uint96 lane) private pure returns (bytes32) {
        return keccak256(abi.encode(payer, payee, signer, lane));
    }

    function _idOf(bytes32 key, uint256 counter) private pure returns (bytes32) {
        return keccak256(abi.encode(key, counter));
    }
}
