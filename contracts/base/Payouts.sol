// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ParatiiToken} from "../ParatiiToken.sol";
import {PaymentLists, Payments} from "../libraries/Payments.sol";

/// @title Paying in one token, which calls nobody
/// @dev Assembly, as half of what a batch does is this. The token is known: it answers true or reverts.
abstract contract Payouts {
    /// @notice The token that is paid.
    ParatiiToken public immutable token;

    constructor(ParatiiToken token_) {
        token = token_;
    }

    function _pay(address to, uint256 amount) internal {
        if (amount != 0) _send(to, amount);
    }

    /// @dev The same of an amount that is known not to be zero.
    function _send(address to, uint256 amount) internal {
        bytes4 selector = IERC20.transfer.selector;
        uint256 p;
        assembly ("memory-safe") {
            p := mload(0x40)
            mstore(p, selector)
            mstore(add(p, 0x04), and(to, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(p, 0x24), amount)
        }
        _call(p, 0x44);
    }

    /// @dev Two payments in one call. Amounts are below 2^96.
    function _payBoth(address to, uint256 amount, address other, uint256 rest) internal {
        if (amount == 0) return _pay(other, rest);
        if (rest == 0) return _send(to, amount);
        bytes4 selector = ParatiiToken.multiTransfer.selector;
        uint256 p;
        assembly ("memory-safe") {
            p := mload(0x40)
            mstore(p, selector)
            mstore(add(p, 0x04), 0x20)
            mstore(add(p, 0x24), 2)
            mstore(add(p, 0x44), or(shl(96, to), amount))
            mstore(add(p, 0x64), or(shl(96, other), rest))
        }
        _call(p, 0x84);
    }

    function _payAll(Payments memory list) internal {
        uint256 count = list.count;
        if (count == 0) return;
        uint256[] memory words = list.words;
        if (count == 1) {
            uint256 only = words[PaymentLists.HEAD];
            return _send(address(uint160(only >> 96)), uint96(only));
        }
        words[0] = uint32(ParatiiToken.multiTransfer.selector);
        words[1] = 0x20;
        words[2] = count;
        uint256 p;
        assembly ("memory-safe") {
            p := add(words, 0x3c) // the last four bytes of the first word
        }
        _call(p, 0x44 + 32 * count);
    }

    /// @dev Calls the token with what lies in memory from `p` on.
    function _call(uint256 p, uint256 length) private {
        address paid = address(token);
        assembly ("memory-safe") {
            mstore(0x00, 0)
            if iszero(call(gas(), paid, 0, p, length, 0x00, 0x20)) {
                p := mload(0x40)
                returndatacopy(p, 0, returndatasize())
                revert(p, returndatasize())
            }
            if iszero(eq(mload(0x00), 1)) { revert(0, 0) }
        }
    }
}
