// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deal, Deals} from "./Deals.sol";

/// @notice A deal in memory, and what its owner's side has newly earned in one batch.
struct Tally {
    bytes32 deal;
    address owner;
    address affiliate;
    uint256 price;
    uint256 fee;
    uint256 size;
    uint256 affiliateBps; // zero without an affiliate
    uint256 avatarBps; // zero without an avatar
    uint256 toOwner;
    uint256 toAffiliate;
    uint256 toAvatar;
}

/// @title What owner, affiliate and avatar earn
/// @dev For n bytes counted: gross = floor(price * min(n, size) / size); affiliate = floor(gross * affiliateBps / 10000);
/// avatar = floor(rest * avatarBps / (10000 - affiliateBps)) of the rest; the owner what then is left. What a step adds is
/// the difference of these at its ends. Each is a part of a whole that never falls, so none falls, the owner's neither: two
/// shares of the gross could round up at once, and take from the owner what the step does not have.
library Tallies {
    function load(Tally memory tally, Deal calldata deal, bool hasAvatar) internal pure {
        tally.deal = Deals.hash(Deals.hashCalldata(deal.terms), deal);
        tally.owner = deal.terms.owner;
        tally.affiliate = deal.affiliate;
        tally.price = deal.terms.price;
        tally.fee = deal.terms.fee;
        tally.size = deal.terms.size;
        if (deal.affiliate != address(0)) tally.affiliateBps = deal.terms.affiliateBps;
        if (hasAvatar) tally.avatarBps = deal.terms.avatarBps;
    }

    /// @dev Adds what is earned when the bytes counted for a purchase rise from `before` to `byteCount`.
    function count(Tally memory tally, uint256 before, uint256 byteCount) internal pure {
        uint256 from = Deals.earned(tally.price, tally.size, before);
        uint256 to = Deals.earned(tally.price, tally.size, byteCount);
        (uint256 fromRest, uint256 toRest) = rests(from, to, tally.affiliateBps, Deals.BPS);
        unchecked {
            (uint256 fromOwner, uint256 toOwner) =
                rests(fromRest, toRest, tally.avatarBps, Deals.BPS - tally.affiliateBps);
            tally.toAffiliate += (to - from) - (toRest - fromRest);
            tally.toAvatar += (toRest - fromRest) - (toOwner - fromOwner);
            tally.toOwner += toOwner - fromOwner;
        }
    }

    /// @dev What both ends of a step leave of themselves, less a part of `bps` in `whole`, rounded down. A purchase's terms have
    /// parts that are at most the whole.
    function rests(uint256 from, uint256 to, uint256 bps, uint256 whole)
        internal
        pure
        returns (uint256 fromRest, uint256 toRest)
    {
        if (bps == 0) return (from, to);
        unchecked {
            return (from - from * bps / whole, to - to * bps / whole); // 96 bits * 16 bits
        }
    }
}
