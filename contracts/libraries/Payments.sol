// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Payments that one call of the token makes.
/// @dev Three words for the head of that call, then one a payment: receiver << 96 | amount.
struct Payments {
    uint256 count;
    uint256[] words;
}

/// @title Lists of payments
library PaymentLists {
    uint256 internal constant HEAD = 3;

    function create(uint256 capacity) internal pure returns (Payments memory list) {
        list.words = new uint256[](HEAD + capacity);
    }

    /// @dev Amounts are parts of what was paid in, so below the supply, which is below 2^85.
    function add(Payments memory list, address to, uint256 amount) internal pure {
        if (amount == 0) return;
        assert(amount >> 96 == 0);
        list.words[HEAD + list.count++] = (uint256(uint160(to)) << 96) | amount;
    }
}
