// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Merkle-sum trees: one escrow promised to many payees, nobody over-promised
/// @dev A word is `hash 216 | sum 40`. The sums of both children are in the preimage of their parent, so a proof that
/// reaches the committed word has recomputed the total too. Leaf and node preimages begin with different bytes.
library Allotments {
    uint256 internal constant SUM_MASK = (1 << 40) - 1;

    /// @dev The word of one payee: who proves, who is paid, and at most how many bytes.
    function leaf(uint32 index, address payee, address payout, uint40 cap) internal pure returns (bytes32) {
        bytes32 digest;
        assembly ("memory-safe") {
            // 0x00 ‖ index 4 ‖ payee 20 ‖ payout 20 ‖ cap 5, in memory that is not kept: each word is written before the one
            // on its left, which overwrites what stands above the field.
            let p := add(mload(0x40), 0x20)
            mstore(add(p, 18), cap)
            mstore(add(p, 13), payout)
            mstore(sub(p, 7), payee)
            mstore(sub(p, 27), and(index, 0xffffffff))
            digest := keccak256(p, 50)
        }
        return _word(digest, cap);
    }

    /// @dev The root that a leaf's word reaches along its branch, and whether all sums on the way fit 40 bits. Bit i of
    /// `index` says on which side sibling i lies; bits above the branch are not looked at. A missing right sibling is
    /// the zero word.
    function tryRoot(bytes32 word, uint32 index, bytes32[] calldata siblings)
        internal
        pure
        returns (bool fits, bytes32 root)
    {
        root = word;
        for (uint256 i; i < siblings.length; ++i) {
            bytes32 sibling = siblings[i];
            uint256 total = sum(root) + sum(sibling);
            if (total > SUM_MASK) return (false, root);
            (bytes32 left, bytes32 right) = (index >> i) & 1 == 0 ? (root, sibling) : (sibling, root);
            root = _node(left, right, total);
        }
        return (true, root);
    }

    /// @dev The root over all leaves of a tree, which are side by side from the first on. Overwrites `words`. Sums above 40
    /// bits are those of no tree; no leaf at all is the zero word.
    function rootOf(bytes32[] memory words, uint256 depth) internal pure returns (bytes32) {
        uint256 length = words.length;
        if (length == 0) return 0;
        bool fits;
        bytes32 root;
        assembly ("memory-safe") {
            // 0x01 ‖ left ‖ right, in memory that is not kept.
            let p := mload(0x40)
            mstore8(p, 0x01)
            let first := add(words, 0x20)
            let end := add(first, shl(5, length))
            let over := 0
            for {} depth { depth := sub(depth, 1) } {
                let to := first
                for { let from := first } lt(from, end) { from := add(from, 0x40) } {
                    let left := mload(from)
                    let right := 0
                    if lt(add(from, 0x20), end) { right := mload(add(from, 0x20)) }
                    mstore(add(p, 0x01), left)
                    mstore(add(p, 0x21), right)
                    let total := add(and(left, SUM_MASK), and(right, SUM_MASK))
                    over := or(over, gt(total, SUM_MASK))
                    mstore(to, or(and(keccak256(p, 0x41), not(SUM_MASK)), and(total, SUM_MASK)))
                    to := add(to, 0x20)
                }
                end := to
            }
            fits := iszero(over)
            root := mload(first)
        }
        return fits ? root : bytes32(0);
    }

    /// @dev The bytes that a word promises in total.
    function sum(bytes32 word) internal pure returns (uint256) {
        return uint256(word) & SUM_MASK;
    }

    /// @dev keccak256(0x01 ‖ left ‖ right), in memory that is not kept.
    function _node(bytes32 left, bytes32 right, uint256 total) private pure returns (bytes32) {
        bytes32 digest;
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore8(p, 0x01)
            mstore(add(p, 0x01), left)
            mstore(add(p, 0x21), right)
            digest := keccak256(p, 0x41)
        }
        return _word(digest, total);
    }

    function _word(bytes32 digest, uint256 total) private pure returns (bytes32) {
        return bytes32((uint256(digest) & ~SUM_MASK) | total);
    }
}
