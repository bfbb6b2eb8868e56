// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ParatiiToken} from "../ParatiiToken.sol";
import {IPaymentChannelsTypes} from "../interfaces/IPaymentChannelsTypes.sol";
import {ChannelStructs} from "../libraries/ChannelStructs.sol";
import {ChannelWord, ChannelWords} from "../libraries/ChannelWord.sol";
import {Permits} from "./Permits.sol";

/// @title The channels: where they are, what they are called, how they stand
abstract contract ChannelBook is IPaymentChannelsTypes, EIP712, Permits {
    /// @notice Seconds in which a payee answers a close.
    uint256 public immutable PERIOD;

    mapping(bytes32 channel => uint256) internal _rates; // base units a second, of open channels with terms

    constructor(ParatiiToken token_, uint32 period) Permits(token_) {
        PERIOD = period;
    }

    /// @notice A lane as it stands.
    function channelOf(Route calldata route) external view returns (Channel memory) {
        bytes32 key = _keyOf(route);
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

    /// @notice The id of channel number `counter` of a lane; the next to open has the last number plus one.
    function idOfChannel(Route calldata route, uint40 counter) external pure returns (bytes32) {
        return _idOf(_keyOf(route), counter);
    }

    /// @notice The lane that channels of a delegate have.
    function laneForDelegate(address delegate, uint96 lane) public pure returns (uint96) {
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

    function _hasEnded(ChannelWord word) internal view returns (bool) {
        unchecked {
            return word.end() - 1 < block.timestamp; // an end of zero wraps to one that never comes
        }
    }

    /// @dev What a balance, cut to the deposit, adds to what was withdrawn.
    function _dueOf(ChannelWord word, uint256 balance) internal pure returns (uint256) {
        (uint256 deposit, uint256 withdrawn) = (word.deposit(), word.withdrawn());
        if (balance > deposit) balance = deposit;
        unchecked {
            return balance > withdrawn ? balance - withdrawn : 0;
        }
    }

    /// @dev The slot of a lane. Of the words as they stand in calldata: out of a field's range they are those of no lane.
    function _keyOf(Route calldata route) internal pure returns (bytes32 key) {
        assembly ("memory-safe") {
            let p := mload(0x40)
            calldatacopy(p, route, 0x80)
            key := keccak256(p, 0x80)
        }
    }

    /// @dev The same: keccak256(abi.encode(payer, payee, signer, lane)).
    function _keyOf(address payer, address payee, address signer, uint96 lane) internal pure returns (bytes32 key) {
        assembly ("memory-safe") {
            let p := mload(0x40)
            let mask := 0xffffffffffffffffffffffffffffffffffffffff
            mstore(p, and(payer, mask))
            mstore(add(p, 0x20), and(payee, mask))
            mstore(add(p, 0x40), and(signer, mask))
            mstore(add(p, 0x60), and(lane, 0xffffffffffffffffffffffff))
            key := keccak256(p, 0x80)
        }
    }

    /// @dev keccak256(abi.encode(key, counter)).
    function _idOf(bytes32 key, uint256 counter) internal pure returns (bytes32 id) {
        assembly ("memory-safe") {
            mstore(0x00, key)
            mstore(0x20, counter)
            id := keccak256(0x00, 0x40)
        }
    }

    function _load(Route calldata route) internal view returns (bytes32 key, ChannelWord word) {
        key = _keyOf(route);
        word = ChannelWords.load(key);
        if (word.deposit() == 0) revert PaymentChannels_NotOpen();
    }
}
