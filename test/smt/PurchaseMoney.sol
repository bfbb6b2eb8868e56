// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deals} from "../../contracts/libraries/Deals.sol";
import {Tallies} from "../../contracts/libraries/Tallies.sol";

/// @dev What the arithmetic of purchases promises, for the model checker: see scripts/smt.ts.
contract PurchaseMoney {
    /// @dev Of a step of one unit neither a part nor what is left of the whole falls.
    function aPartOfAStepIsOfTheStep(uint96 from, uint16 bps, uint16 whole) external pure {
        require(bps <= whole && whole != 0);
        (uint256 fromRest, uint256 toRest) = Tallies.rests(from, uint256(from) + 1, bps, whole);
        assert(fromRest <= toRest);
        assert(toRest - fromRest <= 1);
    }

    /// @dev Nobody earns more than the price, and nothing but what bytes earn.
    function aPartIsAtMostThePrice(uint96 price, uint40 size, uint40 byteCount) external pure {
        uint256 part = Deals.earned(price, size, byteCount);
        assert(part <= price);
        if (byteCount >= size) assert(part == price);
        if (byteCount == 0 && size != 0) assert(part == 0);
    }

    /// @dev Later receipts never take anything back.
    function moreBytesEarnNoLess(uint96 price, uint40 size, uint40 before, uint40 byteCount) external pure {
        require(before <= byteCount);
        assert(Deals.earned(price, size, before) <= Deals.earned(price, size, byteCount));
    }

    /// @dev What is returned to a buyer is never negative.
    function whatIsEarnedIsEscrowed(uint96 price, uint64 fee, uint40 capacity, uint40 size, uint40 total) external pure {
        require(total <= capacity);
        uint256 escrow = uint256(price) + uint256(capacity) * fee;
        assert(uint256(total) * fee + Deals.earned(price, size, total) <= escrow);
    }
}
