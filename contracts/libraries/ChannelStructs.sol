// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPaymentChannelsTypes} from "../interfaces/IPaymentChannelsTypes.sol";

/// @title EIP-712 struct hashes of what payment channels read as signed
library ChannelStructs {
    bytes32 internal constant BALANCE_PROOF_TYPEHASH = keccak256("BalanceProof(bytes32 channel,uint256 balance)");
    bytes32 internal constant CLOSING_TYPEHASH = keccak256("ClosingSignature(bytes32 channel,uint256 balance)");
    bytes32 internal constant UNCOOPERATIVE_CLOSE_TYPEHASH =
        keccak256("UncooperativeClose(bytes32 channel,uint256 balance)");
    bytes32 private constant _CREATE_TYPEHASH = keccak256("CreateChannel(bytes32 channel,uint256 deposit)");
    bytes32 private constant _TOP_UP_TYPEHASH = keccak256("TopUp(bytes32 channel,uint256 added,bytes32 salt)");
    bytes32 private constant _ACCEPTANCE_TYPEHASH = keccak256(
        "Acceptance(bytes32 bid,address payer,address payee,address signer,bytes32 video,bytes32 format,bytes32 root,uint96 rate,uint32 chunkSeconds,uint32 length,uint40 validUntil)"
    );

    /// @dev The whole EIP-712 digest of (type, channel, balance), in memory that is not kept.
    function digest(bytes32 domain, bytes32 typeHash, bytes32 channel, uint256 amount)
        internal
        pure
        returns (bytes32 result)
    {
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, typeHash)
            mstore(add(p, 0x20), channel)
            mstore(add(p, 0x40), amount)
            let structHash := keccak256(p, 0x60)
            mstore(p, hex"1901")
            mstore(add(p, 0x02), domain)
            mstore(add(p, 0x22), structHash)
            result := keccak256(p, 0x42)
        }
    }

    function hashCreate(bytes32 channel, uint256 deposit) internal pure returns (bytes32) {
        return keccak256(abi.encode(_CREATE_TYPEHASH, channel, deposit));
    }

    function hashTopUp(bytes32 channel, uint256 added, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(_TOP_UP_TYPEHASH, channel, added, salt));
    }

    function hashAcceptance(IPaymentChannelsTypes.Acceptance memory acceptance) internal pure returns (bytes32) {
        return keccak256(abi.encode(_ACCEPTANCE_TYPEHASH, acceptance));
    }
}
