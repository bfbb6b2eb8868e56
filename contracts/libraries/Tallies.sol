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
/// @dev For n bytes counted: gross = floor(price * min(n, size) / size); affiliate and avatar each floor(gross * bps /
/// 10000) of that; the owner the remainder. What a step adds is the difference of these at its ends.
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
        uint256 affiliate = _share(from, to, tally.affiliateBps);
        uint256 avatar = _share(from, to, tally.avatarBps);
        unchecked {
            tally.toOwner += to - from - affiliate - avatar;
            tally.toAffiliate += affiliate;
            tally.toAvatar += avatar;
        }
    }

    function _share(uint256 from, uint256 to, uint256 bps) private pure returns (uint256) {
        if (bps == 0) return 0;
        unchecked {
            return to * bps / Deals.BPS - from * bps / Deals.BPS;
        }
    }
}
