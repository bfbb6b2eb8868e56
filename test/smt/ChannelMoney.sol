// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A channel's deposit, what was withdrawn of it, and the tokens held for it, step by step in the plain arithmetic of
/// PaymentChannels, for the model checker: see scripts/smt.ts. Each step begins in any state that keeps the rule (held is
/// deposit less withdrawn, and withdrawn at most the deposit) and must end in one. That the fields of ChannelWord do what
/// these variables do is what test/contracts/PaymentChannels/Invariants.t.sol fuzzes.
contract ChannelMoney {
    uint256 private constant _MAX_DEPOSIT = type(uint88).max;

    function topUp(uint256 deposit, uint256 withdrawn, uint256 added) external pure {
        require(deposit <= _MAX_DEPOSIT && withdrawn <= deposit);
        require(added != 0 && added <= _MAX_DEPOSIT - deposit);
        uint256 held = deposit - withdrawn + added;
        deposit += added;
        assert(deposit <= _MAX_DEPOSIT && withdrawn <= deposit);
        assert(held == deposit - withdrawn);
    }

    /// @dev Withdraw, challenge, and what an uncooperative close concedes.
    function take(uint256 deposit, uint256 withdrawn, uint96 balance) external pure {
        require(deposit <= _MAX_DEPOSIT && withdrawn <= deposit);
        uint256 before = withdrawn;
        uint256 cut = balance > deposit ? deposit : balance;
        uint256 due = cut > withdrawn ? cut - withdrawn : 0;
        uint256 held = deposit - withdrawn - due;
        withdrawn += due;
        assert(withdrawn >= before && withdrawn <= deposit);
        assert(held == deposit - withdrawn);
        assert(due == 0 || withdrawn <= balance);
    }

    /// @dev Cooperative close, and settle at what was withdrawn.
    function end(uint256 deposit, uint256 withdrawn, uint96 balance) external pure {
        require(deposit <= _MAX_DEPOSIT && withdrawn <= deposit);
        require(balance >= withdrawn && balance <= deposit);
        uint256 held = deposit - withdrawn;
        assert((balance - withdrawn) + (deposit - balance) == held);
    }
}
