// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVideoStoreTypes} from "../interfaces/IVideoStoreTypes.sol";

/// @title EIP-712 struct hashes of what a store reads as signed
library SignedStructs {
    bytes32 private constant _NODE_KEY_TYPEHASH =
        keccak256("NodeKey(bytes32 id,bytes32 format,address wallet,bytes32 salt)");
    bytes32 private constant _ORDER_TYPEHASH = keccak256(
        "Order(address buyer,bytes32 id,bytes32 format,bytes32 terms,bytes32 nodeSignature,uint40 capacity,bytes32 allotments,uint8 depth,address affiliate,uint96 relayFee,uint40 validUntil,bytes32 salt)"
    );
    bytes32 private constant _RECEIPT_TYPEHASH =
        keccak256("Receipt(bytes32 purchase,uint32 leaf,uint40 bytes,bytes32 hash)");
    bytes32 private constant _REQUEST_CLOSE_TYPEHASH = keccak256("RequestClose(bytes32 purchase)");
    bytes32 private constant _ALLOT_TYPEHASH = keccak256("Allot(bytes32 purchase,uint32 index,bytes32 allotments)");
    bytes32 private constant _CLOSE_TOGETHER_TYPEHASH =
        keccak256("CloseTogether(bytes32 purchase,bytes32 counts,bytes32 shares)");

    function hashNodeKey(bytes32 id, bytes32 format, address wallet, bytes32 salt) internal pure returns (bytes32) {
        return keccak256(abi.encode(_NODE_KEY_TYPEHASH, id, format, wallet, salt));
    }

    function hashRequestClose(bytes32 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode(_REQUEST_CLOSE_TYPEHASH, nonce));
    }

    function hashAllot(bytes32 nonce, uint256 index, bytes32 allotments) internal pure returns (bytes32) {
        return keccak256(abi.encode(_ALLOT_TYPEHASH, nonce, index, allotments));
    }

    /// @dev `counts` and `shares` are hashed as their words lie in calldata, without their lengths.
    function hashCloseTogether(bytes32 nonce, uint256[] calldata counts, IVideoStoreTypes.Share[] calldata shares)
        internal
        pure
        returns (bytes32)
    {
        bytes32 countsHash;
        bytes32 sharesHash;
        assembly ("memory-safe") {
            let p := mload(0x40)
            let size := shl(5, counts.length)
            calldatacopy(p, counts.offset, size)
            countsHash := keccak256(p, size)
            size := shl(6, shares.length)
            calldatacopy(p, shares.offset, size)
            sharesHash := keccak256(p, size)
        }
        return keccak256(abi.encode(_CLOSE_TOGETHER_TYPEHASH, nonce, countsHash, sharesHash));
    }

    /// @dev An order's fields lie in calldata in another order than they are signed; those of the deal are copied as they
    /// stand there. Any out of its type's range makes every other use of it revert.
    function hashOrder(IVideoStoreTypes.Order calldata order, bytes32 termsHash, bytes32 nodeSignature)
        internal
        pure
        returns (bytes32 structHash)
    {
        bytes32 typeHash = _ORDER_TYPEHASH;
        assembly ("memory-safe") {
            // buyer 0x00, terms 0x20 (id, format, …), capacity 0x160, depth 0x180, affiliate 0x1a0, allotments 0x1c0,
            // relayFee 0x1e0, validUntil 0x200, salt 0x220
            let p := mload(0x40)
            mstore(p, typeHash)
            calldatacopy(add(p, 0x20), order, 0x60)
            mstore(add(p, 0x80), termsHash)
            mstore(add(p, 0xa0), nodeSignature)
            calldatacopy(add(p, 0xc0), add(order, 0x160), 0x20)
            calldatacopy(add(p, 0xe0), add(order, 0x1c0), 0x20)
            calldatacopy(add(p, 0x100), add(order, 0x180), 0x40)
            calldatacopy(add(p, 0x140), add(order, 0x1e0), 0x60)
            structHash := keccak256(p, 0x1a0)
        }
    }

    /// @dev The whole EIP-712 digest of a Receipt, in memory that is not kept.
    function digestReceipt(bytes32 domain, bytes32 nonce, uint256 leaf, uint256 byteCount, bytes32 hash)
        internal
        pure
        returns (bytes32 digest)
    {
        bytes32 typeHash = _RECEIPT_TYPEHASH;
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, typeHash)
            mstore(add(p, 0x20), nonce)
            mstore(add(p, 0x40), leaf)
            mstore(add(p, 0x60), byteCount)
            mstore(add(p, 0x80), hash)
            let structHash := keccak256(p, 0xa0)
            mstore(p, hex"1901")
            mstore(add(p, 0x02), domain)
            mstore(add(p, 0x22), structHash)
            digest := keccak256(p, 0x42)
        }
    }
}
