// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What a store logs of receipts
interface ISettlementEvents {
    /// @notice Why a receipt changed nothing.
    enum SkipReason {
        UnknownPurchase,
        Stale,
        Ended,
        BadSignature,
        BadBranch,
        BadPayee
    }

    /// @notice Receipts counted for a pinned host. An item is the first 216 bits of a purchase's nonce, then the bytes
    /// now counted in 40.
    event ReceiptsSettled(
        bytes32 indexed deal, address indexed owner, address indexed payee, address payout, uint256[] items
    );
    /// @notice Receipts counted for several hosts of one purchase. An item is the host's payout address << 96, its leaf's
    /// index << 40, the bytes now counted.
    event TreeSettled(bytes32 indexed nonce, address indexed owner, uint256[] items);
    /// @notice A receipt changed nothing.
    event ReceiptSkipped(bytes32 indexed nonce, uint32 leaf, SkipReason reason);
}
