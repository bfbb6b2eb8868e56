// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The one storage word of a purchase.
/// @dev `high 160 | total 40 | end 32 | depth 8 | flags 16`. `high` is the buyer at depth 0, else four lanes of 40 bits:
/// bytes counted for leaves 0..3. `total` is the bytes counted for all hosts. The word never returns to zero.
type PurchaseWord is uint256;

using PurchaseWords for PurchaseWord global;

/// @title Storage and fields of a purchase's word
/// @dev The slot is the purchase's name itself: a keccak256 of 96 or 128 bytes, while Solidity's mappings hash 64 bytes,
/// so that both can meet in one slot by a keccak collision alone.
library PurchaseWords {
    uint256 private constant _MASK_40 = (1 << 40) - 1;
    uint256 private constant _MASK_32 = (1 << 32) - 1;
    uint256 private constant _OPENED = 1;
    uint256 private constant _CLOSING = 2;
    uint256 private constant _RECLAIMED = 4;
    uint256 private constant _PROPOSED = 8;

    /// @dev Lanes of a word; further leaves have lanes elsewhere.
    uint256 internal constant LANES = 4;

    function create(uint256 high_, uint256 end_, uint256 depth_) internal pure returns (PurchaseWord) {
        return PurchaseWord.wrap((high_ << 96) | (end_ << 24) | (depth_ << 16) | _OPENED);
    }

    function load(bytes32 name) internal view returns (PurchaseWord word) {
        assembly ("memory-safe") {
            word := sload(name)
        }
    }

    function store(PurchaseWord word, bytes32 name) internal {
        assembly ("memory-safe") {
            sstore(name, word)
        }
    }

    function exists(PurchaseWord word) internal pure returns (bool) {
        return PurchaseWord.unwrap(word) != 0;
    }

    function buyer(PurchaseWord word) internal pure returns (address) {
        return address(uint160(PurchaseWord.unwrap(word) >> 96));
    }

    function total(PurchaseWord word) internal pure returns (uint256) {
        return (PurchaseWord.unwrap(word) >> 56) & _MASK_40;
    }

    function end(PurchaseWord word) internal pure returns (uint256) {
        return (PurchaseWord.unwrap(word) >> 24) & _MASK_32;
    }

    function depth(PurchaseWord word) internal pure returns (uint256) {
        return uint8(PurchaseWord.unwrap(word) >> 16);
    }

    function closing(PurchaseWord word) internal pure returns (bool) {
        return PurchaseWord.unwrap(word) & _CLOSING != 0;
    }

    function reclaimed(PurchaseWord word) internal pure returns (bool) {
        return PurchaseWord.unwrap(word) & _RECLAIMED != 0;
    }

    function lane(PurchaseWord word, uint256 leaf) internal pure returns (uint256) {
        return (PurchaseWord.unwrap(word) >> (96 + 40 * leaf)) & _MASK_40;
    }

    /// @dev Counts `byteCount` more bytes. The caller has bounded the new total by a sum of 40 bits.
    function addTotal(PurchaseWord word, uint256 byteCount) internal pure returns (PurchaseWord) {
        unchecked {
            return PurchaseWord.wrap(PurchaseWord.unwrap(word) + (byteCount << 56));
        }
    }

    /// @dev Counts `byteCount` more bytes in the lane of `leaf`, which is at most the total.
    function addLane(PurchaseWord word, uint256 leaf, uint256 byteCount) internal pure returns (PurchaseWord) {
        unchecked {
            return PurchaseWord.wrap(PurchaseWord.unwrap(word) + (byteCount << (96 + 40 * leaf)));
        }
    }

    function close(PurchaseWord word, uint256 newEnd) internal pure returns (PurchaseWord) {
        return PurchaseWord.wrap((PurchaseWord.unwrap(word) & ~(_MASK_32 << 24)) | (newEnd << 24) | _CLOSING);
    }

    function proposed(PurchaseWord word) internal pure returns (bool) {
        return PurchaseWord.unwrap(word) & _PROPOSED != 0;
    }

    function propose(PurchaseWord word) internal pure returns (PurchaseWord) {
        return PurchaseWord.wrap(PurchaseWord.unwrap(word) | _PROPOSED);
    }

    /// @dev Nothing is open any more, from now on.
    function finish(PurchaseWord word, uint256 now_) internal pure returns (PurchaseWord) {
        return word.close(now_).reclaim();
    }

    function reclaim(PurchaseWord word) internal pure returns (PurchaseWord) {
        return PurchaseWord.wrap(PurchaseWord.unwrap(word) | _RECLAIMED);
    }
}
