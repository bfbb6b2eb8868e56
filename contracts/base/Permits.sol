// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ParatiiToken} from "../ParatiiToken.sol";
import {CompactSignatures, Signature} from "../libraries/CompactSignatures.sol";

/// @title Permits, and several calls in one transaction
/// @notice With `multicall` a permit and what spends it are one transaction.
abstract contract Permits is Multicall {
    /// @notice The token that is paid.
    ParatiiToken public immutable token;

    constructor(ParatiiToken token_) {
        token = token_;
    }

    /// @notice Allows this contract to take `value` of `owner`, who signed the token's Permit. If the token refuses (somebody
    /// sent the permit before), nothing happens: what is called next checks the allowance.
    function permit(address owner, uint256 value, uint256 deadline, Signature calldata signature) external {
        (uint8 v, bytes32 s) = CompactSignatures.split(signature.vs);
        try token.permit(owner, address(this), value, deadline, v, signature.r, s) {} catch {}
    }

    /// @dev Sends tokens, which call nobody. Assembly, as half of what a batch does is this.
    function _pay(address to, uint256 amount) internal {
        if (amount == 0) return;
        address paid = address(token);
        bytes4 selector = IERC20.transfer.selector;
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, selector)
            mstore(add(p, 0x04), and(to, 0xffffffffffffffffffffffffffffffffffffffff))
            mstore(add(p, 0x24), amount)
            mstore(0x00, 0)
            if iszero(call(gas(), paid, 0, p, 0x44, 0x00, 0x20)) {
                returndatacopy(p, 0, returndatasize())
                revert(p, returndatasize())
            }
            // The token is known: it answers true or reverts.
            if iszero(eq(mload(0x00), 1)) { revert(0, 0) }
        }
    }

    /// @dev Takes `value` of `from`, who signed the token's ReceiveWithAuthorization with this nonce.
    function _receive(address from, uint256 value, uint256 validBefore, bytes32 nonce, Signature calldata signature)
        internal
    {
        (uint8 v, bytes32 s) = CompactSignatures.split(signature.vs);
        token.receiveWithAuthorization(from, address(this), value, 0, validBefore, nonce, v, signature.r, s);
    }
}
