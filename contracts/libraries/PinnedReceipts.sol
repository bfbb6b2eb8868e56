// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISettlementEvents} from "../interfaces/ISettlementEvents.sol";
import {Signature} from "./CompactSignatures.sol";
import {Tally} from "./Tallies.sol";

/// @notice A receipt of a purchase whose deal, host and cap its batch names.
struct PinnedReceipt {
    uint256 signerAndBytes; // signer << 96 | cumulative bytes: together they save a word of calldata
    bytes32 hash; // running digest over the counted blocks
    Signature signature;
}

/// @title The hot loop of settling
/// @dev Assembly, because a receipt of a pinned host costs little beside its signature and its slot, and Solidity would
/// add half of that again. test/contracts/VideoStore/Settle.t.sol holds the same in Solidity, and fuzzes one against
/// the other. What it relies on of other files: the fields of PurchaseWord (total at bit 56, end at bit 24), those of
/// Tally, and that a purchase's name is keccak256(deal, signer, allotments).
library PinnedReceipts {
    bytes32 private constant _RECEIPT_TYPEHASH =
        keccak256("Receipt(bytes32 purchase,uint32 leaf,uint40 bytes,bytes32 hash)");
    uint256 private constant _HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 private constant _S_MASK = (1 << 255) - 1;

    /// @dev Checks and counts receipts, writes the words of their purchases, adds to the tally what the owner's side
    /// earned, and logs.
    /// @param domain The EIP-712 domain separator.
    /// @param payee The host's key.
    /// @param payout Where the host's fees go.
    /// @param cap Bytes allotted to the host.
    /// @param allotments The root word: that of the host's one leaf.
    /// @return counted Bytes newly counted.
    function count(
        PinnedReceipt[] calldata receipts,
        bytes32 domain,
        address payee,
        address payout,
        uint256 cap,
        bytes32 allotments,
        Tally memory tally
    ) internal returns (uint256 counted) {
        bytes32 typeHash = _RECEIPT_TYPEHASH;
        bytes32 skipped = ISettlementEvents.ReceiptSkipped.selector;
        bytes32 settled = ISettlementEvents.ReceiptsSettled.selector;
        // The data of ReceiptsSettled as it is logged: payout, offset of the array, its length, its items.
        uint256[] memory log = new uint256[](receipts.length + 3);
        log[0] = uint160(payout);
        log[1] = 0x40;
        assembly ("memory-safe") {
            // Scratch that is not kept: name at 0x00 (deal, signer, allotments), struct at 0x60 (type, name, leaf, bytes,
            // hash), digest at 0x100 (0x1901, domain, struct hash), ecrecover's input at 0x160 (digest, v, r, s).
            let p := mload(0x40)
            mstore(p, mload(tally))
            mstore(add(p, 0x40), allotments)
            mstore(add(p, 0x60), typeHash)
            mstore(add(p, 0xa0), 0)
            mstore(add(p, 0x100), hex"1901")
            mstore(add(p, 0x102), domain)
            let price := mload(add(tally, 0x60))
            let size := mload(add(tally, 0xa0))
            let shared := or(mload(add(tally, 0xc0)), mload(add(tally, 0xe0)))
            let gross := 0 // less the shares
            let item := add(log, 0x60)
            let q := receipts.offset
            for { let last := add(q, shl(7, receipts.length)) } lt(q, last) { q := add(q, 0x80) } {
                let byteCount := calldataload(q)
                let signer := shr(96, byteCount)
                byteCount := and(byteCount, 0xffffffffff)
                mstore(add(p, 0x20), signer)
                let name := keccak256(p, 0x60)
                let word := sload(name)
                let before := and(shr(56, word), 0xffffffffff)
                mstore(add(p, 0xc0), byteCount)
                if gt(byteCount, cap) { byteCount := cap }
                // An unknown purchase has total and end zero.
                if iszero(and(gt(byteCount, before), lt(timestamp(), and(shr(24, word), 0xffffffff)))) {
                    mstore(0x00, 0)
                    mstore(0x20, 0)
                    if word { mstore(0x20, add(1, gt(byteCount, before))) }
                    log2(0x00, 0x40, skipped, name)
                    continue
                }
                mstore(add(p, 0x80), name)
                mstore(add(p, 0xe0), calldataload(add(q, 0x20)))
                mstore(add(p, 0x122), keccak256(add(p, 0x60), 0xa0))
                mstore(add(p, 0x160), keccak256(add(p, 0x100), 0x42))
                let s := calldataload(add(q, 0x60))
                mstore(add(p, 0x180), add(27, shr(255, s)))
                mstore(add(p, 0x1a0), calldataload(add(q, 0x40)))
                s := and(s, _S_MASK)
                mstore(add(p, 0x1c0), s)
                mstore(0x00, 0)
                pop(staticcall(gas(), 1, add(p, 0x160), 0x80, 0x00, 0x20))
                // A purchase has a signer, so that zero, which a failed recovery leaves, equals none.
                if iszero(and(eq(mload(0x00), signer), iszero(gt(s, _HALF_ORDER)))) {
                    mstore(0x00, 0)
                    mstore(0x20, 3)
                    log2(0x00, 0x40, skipped, name)
                    continue
                }
                let newly := sub(byteCount, before)
                sstore(name, add(word, shl(56, newly)))
                counted := add(counted, newly)
                item := add(item, 0x20)
                mstore(item, or(and(name, not(0xffffffffff)), byteCount))
                let from := price
                if lt(before, size) { from := div(mul(price, before), size) }
                let to := price
                if lt(byteCount, size) { to := div(mul(price, byteCount), size) }
                gross := add(gross, sub(to, from))
                if shared {
                    let bps := mload(add(tally, 0xc0))
                    let part := sub(div(mul(to, bps), 10000), div(mul(from, bps), 10000))
                    gross := sub(gross, part)
                    mstore(add(tally, 0x120), add(mload(add(tally, 0x120)), part))
                    bps := mload(add(tally, 0xe0))
                    part := sub(div(mul(to, bps), 10000), div(mul(from, bps), 10000))
                    gross := sub(gross, part)
                    mstore(add(tally, 0x140), add(mload(add(tally, 0x140)), part))
                }
            }
            mstore(add(tally, 0x100), add(mload(add(tally, 0x100)), gross))
            let length := sub(item, add(log, 0x60))
            if length {
                mstore(add(log, 0x60), shr(5, length))
                log4(add(log, 0x20), add(0x60, length), settled, mload(tally), mload(add(tally, 0x20)), payee)
            }
        }
    }
}
