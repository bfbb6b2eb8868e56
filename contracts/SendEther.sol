// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Ether with a description
/// @notice Forwards what it gets and logs what for, so that a wallet can show it. It keeps nothing.
contract SendEther {
    /// @notice `from` sent `amount` wei to `to`.
    event EtherSent(address indexed from, address indexed to, uint256 amount, string description);

    /// @notice The receiver refused.
    error SendEther_Refused(address to);

    /// @notice Forwards all that the sender sends.
    function send(address payable to, string calldata description) external payable {
        emit EtherSent(msg.sender, to, msg.value, description);
        (bool ok,) = to.call{value: msg.value}("");
        if (!ok) revert SendEther_Refused(to);
    }
}
