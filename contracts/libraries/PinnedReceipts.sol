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
        // The data of ReceiptsSettled as it is logged: payout, offset of the array, its length, its items.
        uint256[] memory log = new uint256[](receipts.length + 3);
        log[0] = uint160(payout);
        log[1] = 0x40;
        uint256 scratch = _prepare(domain, cap, allotments, tally);
        uint256 from;
        uint256 last;
        assembly ("memory-safe") {
            from := receipts.offset
            last := add(from, shl(7, receipts.length))
        }
        uint256 items;
        (counted, items) = _count(scratch, from, last, log);
        if (items != 0) _log(log, items, tally, payee);
    }

    /// @dev Scratch that is not kept: name at 0x00 (deal, signer, allotments), struct at 0x60 (type, name, leaf, bytes,
    /// hash), digest at 0x100 (0x1901, domain, struct hash), ecrecover's input at 0x160 (digest, v, r, s), cap at 0x1e0,
    /// the topic of skipped receipts at 0x200, price at 0x220, size at 0x240, whether there are shares at 0x260, what the
    /// owner earned at 0x280, the tally's place at 0x2a0.
    function _prepare(bytes32 domain, uint256 cap, bytes32 allotments, Tally memory tally)
        private
        pure
        returns (uint256 p)
    {
        bytes32 typeHash = _RECEIPT_TYPEHASH;
        bytes32 skipped = ISettlementEvents.ReceiptSkipped.selector;
        assembly ("memory-safe") {
            p := mload(0x40)
            mstore(0x40, add(p, 0x2c0))
            mstore(p, mload(tally))
            mstore(add(p, 0x40), allotments)
            mstore(add(p, 0x60), typeHash)
            mstore(add(p, 0xa0), 0)
            mstore(add(p, 0x100), hex"1901")
            mstore(add(p, 0x102), domain)
            mstore(add(p, 0x1e0), cap)
            mstore(add(p, 0x200), skipped)
            mstore(add(p, 0x220), mload(add(tally, 0x60)))
            mstore(add(p, 0x240), mload(add(tally, 0xa0)))
            mstore(add(p, 0x260), or(mload(add(tally, 0xc0)), mload(add(tally, 0xe0))))
            mstore(add(p, 0x280), 0)
            mstore(add(p, 0x2a0), tally)
        }
    }

    /// @return counted Bytes newly counted.
    /// @return items How many were put into the log.
    function _count(uint256 p, uint256 q, uint256 last, uint256[] memory log)
        private
        returns (uint256 counted, uint256 items)
    {
        assembly ("memory-safe") {
            // A part of the price, or of what is shared.
            function earned(scratch, byteCount) -> amount {
                amount := mload(add(scratch, 0x220))
                let size := mload(add(scratch, 0x240))
                if lt(byteCount, size) { amount := div(mul(amount, byteCount), size) }
            }
            // Adds to a share in the tally what it has of the step between two amounts, and gives what both leave.
            function divide(bpsAt, whole, before, after_) -> restBefore, restAfter {
                let bps := mload(bpsAt)
                restBefore := sub(before, div(mul(before, bps), whole))
                restAfter := sub(after_, div(mul(after_, bps), whole))
                let sumAt := add(bpsAt, 0x60)
                mstore(sumAt, add(mload(sumAt), sub(sub(after_, before), sub(restAfter, restBefore))))
            }
            // Topic and reason of a receipt that changes nothing.
            function skip(scratch, name, reason) {
                mstore(0x00, 0)
                mstore(0x20, reason)
                log2(0x00, 0x40, mload(add(scratch, 0x200)), name)
            }
            let item := add(log, 0x60)
            for {} lt(q, last) { q := add(q, 0x80) } {
                let byteCount := calldataload(q)
                mstore(add(p, 0x20), shr(96, byteCount))
                byteCount := and(byteCount, 0xffffffffff)
                let name := keccak256(p, 0x60)
                mstore(add(p, 0xc0), byteCount)
                if gt(byteCount, mload(add(p, 0x1e0))) { byteCount := mload(add(p, 0x1e0)) }
                let before
                {
                    let word := sload(name)
                    before := and(shr(56, word), 0xffffffffff)
                    // An unknown purchase has total and end zero.
                    if iszero(and(gt(byteCount, before), lt(timestamp(), and(shr(24, word), 0xffffffff)))) {
                        if word { word := add(1, gt(byteCount, before)) }
                        skip(p, name, word)
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
                    if iszero(and(eq(mload(0x00), mload(add(p, 0x20))), iszero(gt(s, _HALF_ORDER)))) {
                        skip(p, name, 3)
                        continue
                    }
                    sstore(name, add(word, shl(56, sub(byteCount, before))))
                }
                counted := add(counted, sub(byteCount, before))
                item := add(item, 0x20)
                mstore(item, or(and(name, not(0xffffffffff)), byteCount))
                before := earned(p, before)
                byteCount := earned(p, byteCount)
                if mload(add(p, 0x260)) {
                    let bpsAt := add(mload(add(p, 0x2a0)), 0xc0)
                    before, byteCount := divide(bpsAt, 10000, before, byteCount)
                    before, byteCount := divide(add(bpsAt, 0x20), sub(10000, mload(bpsAt)), before, byteCount)
                }
                mstore(add(p, 0x280), add(mload(add(p, 0x280)), sub(byteCount, before)))
            }
            let tally := mload(add(p, 0x2a0))
            mstore(add(tally, 0x100), add(mload(add(tally, 0x100)), mload(add(p, 0x280))))
            items := shr(5, sub(item, add(log, 0x60)))
        }
    }

    function _log(uint256[] memory log, uint256 items, Tally memory tally, address payee) private {
        bytes32 settled = ISettlementEvents.ReceiptsSettled.selector;
        assembly ("memory-safe") {
            mstore(add(log, 0x60), items)
            log4(
                add(log, 0x20), add(0x60, shl(5, items)), settled, mload(tally), mload(add(tally, 0x20)), payee
            )
        }
    }
}
