// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ParatiiToken} from "../ParatiiToken.sol";
import {CompactSignatures, Signature} from "../libraries/CompactSignatures.sol";
import {Payouts} from "./Payouts.sol";

/// @title Permits, and several calls in one transaction
/// @notice With `multicall` a permit and what spends it are one transaction.
abstract contract Permits is Payouts, Multicall {
    constructor(ParatiiToken token_) Payouts(token_) {}

    /// @notice Allows this contract to take `value` of `owner`, who signed the token's Permit. If the token refuses (somebody
    /// sent the permit before), nothing happens: what is called next checks the allowance.
    function permit(address owner, uint256 value, uint256 deadline, Signature calldata signature) external {
        (uint8 v, bytes32 s) = CompactSignatures.split(signature.vs);
        try token.permit(owner, address(this), value, deadline, v, signature.r, s) {} catch {}
    }

    /// @dev Takes `value` of `from`, who signed the token's ReceiveWithAuthorization with this nonce.
    function _receive(address from, uint256 value, uint256 validBefore, bytes32 nonce, Signature calldata signature)
        internal
    {
        (uint8 v, bytes32 s) = CompactSignatures.split(signature.vs);
        token.receiveWithAuthorization(from, address(this), value, 0, validBefore, nonce, v, signature.r, s);
    }
}
