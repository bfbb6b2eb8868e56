// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The terms on which an owner sells one format of one video; an order names them by their hash.
struct Terms {
    bytes32 id; // the video
    bytes32 format; // the format's name, right-padded with zero bytes
    bytes32 root; // sha2-256 digest of the directory's dag-pb CIDv1
    uint96 price; // PTI base units to the owner for the whole format
    uint64 fee; // PTI base units to hosts for each byte
    uint32 ttl; // seconds that a purchase stays open
    uint40 size; // bytes of the largest single path; the price is spread over them
    address owner; // who sells
    uint16 affiliateBps; // part of the price for the order's affiliate, in 1/10000
    uint16 avatarBps; // part of the price for redistribution, in 1/10000
}

/// @notice What a purchase fixes besides its parties and its allotments.
struct Deal {
    Terms terms;
    uint40 capacity; // bytes that hosts may be paid for
    uint8 depth; // of the allotment tree; 0 is one pinned host
    address affiliate; // zero for none
}

/// @title Arithmetic of a deal
/// @dev Shares of a price are functions of the cumulative byte count alone, so that the sums are the same in whatever
/// order and in however many batches a purchase is settled.
library Deals {
    uint256 internal constant BPS = 10_000;

    /// @dev keccak256 over the ABI encoding of the ten fields, in their order.
    function hash(Terms memory terms) internal pure returns (bytes32) {
        return keccak256(abi.encode(terms));
    }

    /// @dev The same over calldata, as it stands there: ten words. Out of a field's range they hash to what nobody sells.
    function hashCalldata(Terms calldata terms) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let p := mload(0x40)
            calldatacopy(p, terms, 0x140)
            digest := keccak256(p, 0x140)
        }
    }

    /// @dev keccak256(abi.encode(termsHash, capacity, depth, affiliate)), the last three as they stand in calldata.
    function hash(bytes32 termsHash, Deal calldata deal) internal pure returns (bytes32 digest) {
        assembly ("memory-safe") {
            let p := mload(0x40)
            mstore(p, termsHash)
            calldatacopy(add(p, 0x20), add(deal, 0x140), 0x60)
            digest := keccak256(p, 0x80)
        }
    }

    /// @dev What is taken from the buyer for owner and hosts; what is not earned returns.
    function escrow(Deal calldata deal) internal pure returns (uint256) {
        unchecked {
            return uint256(deal.terms.price) + uint256(deal.capacity) * deal.terms.fee; // 96 bits + 104 bits
        }
    }

    /// @dev The part of `price` earned by `byteCount` bytes: pro rata, rounded down, complete from `size` on.
    function earned(uint256 price, uint256 size, uint256 byteCount) internal pure returns (uint256) {
        unchecked {
            return byteCount < size ? price * byteCount / size : price; // 96 bits * 40 bits
        }
    }
}
