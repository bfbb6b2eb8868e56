// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The one storage word of a pair's lane.
/// @dev `counter 40 | flags 8 | end 32 | deposit 88 | withdrawn 88`. `counter` is the number of the channel that is or was
/// last open there, `end` is zero until a close is asked for. PTI's whole supply is below 2^85. A channel is open while
/// its deposit is not zero. The word never returns to zero, so that no number serves twice.
type ChannelWord is uint256;

using ChannelWords for ChannelWord global;

/// @title Storage and fields of a channel's word
/// @dev The slot is a keccak256 of 128 bytes, while Solidity's mappings hash 64 bytes, so that both can meet in one slot
/// by a keccak collision alone.
library ChannelWords {
    uint256 private constant _MASK_88 = (1 << 88) - 1;
    uint256 private constant _HAS_TERMS = 1 << 208;

    /// @dev The most that a channel can hold.
    uint256 internal constant MAX_DEPOSIT = _MASK_88;

    function load(bytes32 key) internal view returns (ChannelWord word) {
        assembly ("memory-safe") {
            word := sload(key)
        }
    }

    function store(ChannelWord word, bytes32 key) internal {
        assembly ("memory-safe") {
            sstore(key, word)
        }
    }

    function counter(ChannelWord word) internal pure returns (uint256) {
        return ChannelWord.unwrap(word) >> 216;
    }

    function hasTerms(ChannelWord word) internal pure returns (bool) {
        return ChannelWord.unwrap(word) & _HAS_TERMS != 0;
    }

    function end(ChannelWord word) internal pure returns (uint256) {
        return uint32(ChannelWord.unwrap(word) >> 176);
    }

    function deposit(ChannelWord word) internal pure returns (uint256) {
        return (ChannelWord.unwrap(word) >> 88) & _MASK_88;
    }

    function withdrawn(ChannelWord word) internal pure returns (uint256) {
        return ChannelWord.unwrap(word) & _MASK_88;
    }

    /// @dev The next channel of the lane. The caller has bounded the deposit.
    function open(ChannelWord word, uint256 deposit_) internal pure returns (ChannelWord) {
        unchecked {
            return ChannelWord.wrap(((word.counter() + 1) << 216) | (deposit_ << 88));
        }
    }

    function withTerms(ChannelWord word) internal pure returns (ChannelWord) {
        return ChannelWord.wrap(ChannelWord.unwrap(word) | _HAS_TERMS);
    }

    /// @dev The caller has bounded the new deposit.
    function add(ChannelWord word, uint256 added) internal pure returns (ChannelWord) {
        unchecked {
            return ChannelWord.wrap(ChannelWord.unwrap(word) + (added << 88));
        }
    }

    /// @dev The caller has bounded what is withdrawn by the deposit.
    function take(ChannelWord word, uint256 due) internal pure returns (ChannelWord) {
        unchecked {
            return ChannelWord.wrap(ChannelWord.unwrap(word) + due);
        }
    }

    /// @dev Only for a word whose end is zero.
    function closeAt(ChannelWord word, uint256 end_) internal pure returns (ChannelWord) {
        return ChannelWord.wrap(ChannelWord.unwrap(word) | (uint256(uint32(end_)) << 176));
    }

    /// @dev Nothing is open any more; the counter stays.
    function clear(ChannelWord word) internal pure returns (ChannelWord) {
        return ChannelWord.wrap(word.counter() << 216);
    }
}
