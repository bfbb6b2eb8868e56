// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a contract answers to who receives tokens with data, as ERC-223 has it
interface IERC223Receiver {
    /// @notice `value` tokens of the calling token came from `from`.
    function tokenFallback(address from, uint256 value, bytes calldata data) external;
}
