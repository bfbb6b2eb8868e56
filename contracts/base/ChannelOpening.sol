// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1363Receiver} from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC223Receiver} from "../interfaces/IERC223Receiver.sol";
import {ChannelStructs} from "../libraries/ChannelStructs.sol";
import {ChannelWord, ChannelWords} from "../libraries/ChannelWord.sol";
import {CompactSignatures, Signature} from "../libraries/CompactSignatures.sol";
import {ChannelBook} from "./ChannelBook.sol";

/// @title Opening channels and topping them up
abstract contract ChannelOpening is ChannelBook, IERC1363Receiver, IERC223Receiver {
    using SafeERC20 for IERC20;
    using CompactSignatures for bytes32;

    /// @dev Lengths of the data that tokens come with: payee, then signer, lane (12 bytes), number (5 bytes); or a whole
    /// acceptance with its payee's signature, ABI encoded.
    uint256 private constant _PAYEE = 20;
    uint256 private constant _PAYEE_SIGNER = 40;
    uint256 private constant _PAYEE_SIGNER_LANE = 52;
    uint256 private constant _PAYEE_SIGNER_LANE_COUNTER = 57;
    uint256 private constant _ACCEPTANCE = 13 * 32;

    /// @notice Opens a channel of the sender with tokens of its allowance.
    /// @param signer The key whose balance proofs the channel pays.
    /// @param lane Any number; one channel at a time is open in each.
    function createChannel(address payee, address signer, uint96 lane, uint256 deposit)
        external
        returns (bytes32 channel)
    {
        channel = _idOfNew(msg.sender, payee, signer, lane, deposit);
        _take(msg.sender, deposit);
    }

    /// @notice Opens a channel for `payer` with tokens of the sender's allowance; what is left returns to the payer. Its
    /// lane is `laneForDelegate(sender, lane)`, so that no delegate can occupy a lane of the payer or of another delegate.
    function createChannelDelegate(address payer, address payee, address signer, uint96 lane, uint256 deposit)
        external
        returns (bytes32 channel)
    {
        channel = _idOfNew(payer, payee, signer, laneForDelegate(msg.sender, lane), deposit);
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
        channel = _idOfNew(route.payer, route.payee, route.signer, route.lane, deposit);
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
    function openWithTermsByAuthorization(
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

    /// @notice Adds tokens of the sender to its channel, unless that is closing.
    function topUp(address payee, address signer, uint96 lane, uint40 counter, uint256 added) external {
        _topUp(_keyOf(msg.sender, payee, signer, lane), counter, added);
        _take(msg.sender, added);
    }

    /// @notice Adds tokens of the sender to the channel of another, unless that is closing.
    function topUpDelegate(Route calldata route, uint40 counter, uint256 added) external {
        _topUp(_keyOf(route), counter, added);
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
        bytes32 channel = _topUp(_keyOf(route), counter, added);
        bytes32 nonce = _hashTypedDataV4(ChannelStructs.hashTopUp(channel, added, salt));
        _receive(route.payer, added, validBefore, nonce, signature);
    }

    function _received(address from, uint256 value, bytes calldata data) private {
        if (msg.sender != address(token)) revert PaymentChannels_NotAllowed(msg.sender);
        uint256 length = data.length;
        if (length == _PAYEE) {
            _open(from, address(bytes20(data)), from, 0, value);
            return;
        }
        if (length == _ACCEPTANCE) {
            (Acceptance memory acceptance, Signature memory yes) = abi.decode(data, (Acceptance, Signature));
            if (acceptance.payer != from) revert PaymentChannels_NotAllowed(from);
            (, uint256 deposit,) = _openWithTerms(acceptance, yes);
            if (deposit != value) revert PaymentChannels_BadDeposit(value);
            return;
        }
        if (length != _PAYEE_SIGNER && length != _PAYEE_SIGNER_LANE && length != _PAYEE_SIGNER_LANE_COUNTER) {
            revert PaymentChannels_BadData();
        }
        address payee;
        address signer;
        uint96 lane;
        uint40 counter;
        assembly ("memory-safe") {
            payee := shr(96, calldataload(data.offset))
            signer := shr(96, calldataload(add(data.offset, _PAYEE)))
            lane := shr(160, calldataload(add(data.offset, _PAYEE_SIGNER)))
            counter := shr(216, calldataload(add(data.offset, _PAYEE_SIGNER_LANE)))
        }
        if (length == _PAYEE_SIGNER) lane = 0;
        if (length == _PAYEE_SIGNER_LANE_COUNTER) _topUp(_keyOf(from, payee, signer, lane), counter, value);
        else _open(from, payee, signer, lane, value);
    }

    function _open(address payer, address payee, address signer, uint96 lane, uint256 deposit)
        private
        returns (bytes32 key, uint256 counter)
    {
        if (payer == address(0) || payee == address(0) || signer == address(0)) revert PaymentChannels_BadRoute();
        if (deposit == 0 || deposit > ChannelWords.MAX_DEPOSIT) revert PaymentChannels_BadDeposit(deposit);
        key = _keyOf(payer, payee, signer, lane);
        ChannelWord word = ChannelWords.load(key);
        counter = word.counter();
        if (word.deposit() != 0) revert PaymentChannels_Exists(_idOf(key, counter));
        word = word.open(deposit);
        word.store(key);
        counter = word.counter();
        emit ChannelCreated(payer, payee, (uint256(uint160(signer)) << 96) | lane, (counter << 96) | deposit);
    }

    /// @dev Opens a channel. Returns its id.
    function _idOfNew(address payer, address payee, address signer, uint96 lane, uint256 deposit)
        private
        returns (bytes32)
    {
        (bytes32 key, uint256 counter) = _open(payer, payee, signer, lane, deposit);
        return _idOf(key, counter);
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
        (bytes32 key, uint256 counter) =
            _open(acceptance.payer, acceptance.payee, acceptance.signer, uint96(bytes12(digest)), deposit);
        channel = _idOf(key, counter);
        if (counter != 1) revert PaymentChannels_Exists(channel);
        ChannelWords.load(key).withTerms().store(key);
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

    function _topUp(bytes32 key, uint256 counter, uint256 added) private returns (bytes32 channel) {
        ChannelWord word = ChannelWords.load(key);
        if (word.deposit() == 0 || word.counter() != counter) revert PaymentChannels_NotOpen();
        channel = _idOf(key, counter);
        if (word.end() != 0) revert PaymentChannels_Closing(channel);
        if (added == 0 || added > ChannelWords.MAX_DEPOSIT - word.deposit()) revert PaymentChannels_BadDeposit(added);
        word.add(added).store(key);
        emit ChannelToppedUp(channel, added);
    }

    function _take(address from, uint256 amount) private {
        IERC20(token).safeTransferFrom(from, address(this), amount);
    }

    /// @dev Whether an account agrees to open: by key, or by ERC-1271.
    function _agrees(address account, bytes32 digest, Signature memory signature) private view returns (bool) {
        address from = digest.recoverMemory(signature);
        return (from != address(0) && from == account)
            || SignatureChecker.isValidERC1271SignatureNow(account, digest, abi.encode(signature.r, signature.vs));
    }
}
