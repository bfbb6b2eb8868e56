// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICampaignsTypes} from "../../../contracts/interfaces/ICampaignsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {CampaignFixture} from "../support/CampaignFixture.sol";
import {Test} from "../support/Test.sol";

/// @dev An advertiser, viewers, and liars acting in any order on one campaign after another; it keeps its own books.
contract CampaignHandler is CampaignFixture {
    uint32 private constant _LEAVES = 24;

    bytes32 private _id;
    uint256 private _started;
    uint256 private _now = 1_800_000_000;
    uint40[6] private _caps;
    uint32 private _batches;
    mapping(uint256 leaf => uint256) private _signed;
    bool public paidTooMuch;

    constructor() {
        deploy();
    }

    function create() external {
        if (_id != 0) return;
        vm.warp(_now);
        _id = start(bytes32(++_started));
        _batches = 0;
        for (uint256 i; i < _LEAVES; ++i) {
            _signed[i] = 0;
        }
    }

    function allot(uint256 cap, bool forged) external {
        if (_id == 0 || _batches == 6) return;
        vm.warp(_now);
        uint40 each = uint40(bound(cap, 0, 2 * CAP));
        vm.prank(forged ? SITE : SIGNER);
        try campaigns.allot(_id, rootOf(_batches, each), Signature(0, 0)) {
            assertTrue(!forged, "allotted by another");
            _caps[_batches++] = each;
        } catch {}
    }

    function settle(uint256 leaf, uint256 balance, uint256 how) external {
        if (_id == 0) return;
        vm.warp(_now);
        uint32 index = uint32(leaf % _LEAVES);
        uint40 cap = _caps[index >> DEPTH];
        balance = bound(balance, 0, 12 ether);
        ICampaignsTypes.Proof[] memory proofs = new ICampaignsTypes.Proof[](2);
        proofs[0] = proofOf(_id, index, cap, balance);
        proofs[1] = proofOf(_id, index, cap, balance / 2);
        uint256 before = campaigns.paidUnits(_id, index);
        if (how % 3 == 0) {
            proofs[0].signature = signProof(SIGNER_KEY + 1, _id, index, balance);
            proofs[1].cap = cap + 1;
        } else if (balance > _signed[index]) {
            _signed[index] = balance;
        }
        try campaigns.settle(_id, proofs) {} catch {}
        if (how % 3 == 0 && campaigns.paidUnits(_id, index) != before) paidTooMuch = true;
    }

    function topUp(uint256 added) external {
        if (_id == 0) return;
        vm.warp(_now);
        vm.prank(ADVERTISER);
        try campaigns.topUp(_id, uint40(bound(added, 1, 1_000_000))) {} catch {}
    }

    function reclaim() external {
        if (_id == 0) return;
        vm.warp(_now);
        bool may = _now >= campaigns.campaignOf(_id).end + PERIOD;
        try campaigns.reclaim(_id) {
            assertTrue(may, "reclaimed too early");
            _id = 0;
        } catch {
            assertTrue(!may, "the rest is not locked");
        }
    }

    function pass(uint256 time) external {
        _now += bound(time, 0, 3 days);
    }

    /// @dev Tokens held are the open campaign's deposit less what was paid; nobody got more than signed, allotted, fit.
    function check() external {
        uint256 held = token.balanceOf(address(campaigns));
        if (_id == 0) {
            assertEq(held, 0, "nothing is held without a campaign");
        } else {
            ICampaignsTypes.Campaign memory campaign = campaigns.campaignOf(_id);
            assertEq(held, uint256(campaign.deposit - campaign.paid) * UNIT, "held is deposit less paid");
            uint256 paid;
            for (uint32 leaf; leaf < _LEAVES; ++leaf) {
                uint256 units = campaigns.paidUnits(_id, leaf);
                paid += units;
                uint256 cap = leaf >> DEPTH < _batches ? _caps[leaf >> DEPTH] : 0;
                if (units * UNIT > _signed[leaf] || units > cap || units > CAP) paidTooMuch = true;
            }
            assertEq(paid, campaign.paid, "the parts are the whole");
            assertTrue(campaign.allotted <= campaign.deposit, "all that is promised fits");
        }
        uint256 viewers;
        for (uint256 leaf; leaf < _LEAVES; ++leaf) {
            viewers += payoutBalance(leaf);
        }
        assertEq(
            token.balanceOf(ADVERTISER) + held + viewers + token.balanceOf(SITE), FUNDS, "nothing is lost"
        );
        assertTrue(!paidTooMuch, "nobody is paid more than was signed and allotted");
    }
}

contract CampaignsInvariantsTest is Test {
    CampaignHandler private _handler;
    address[] private _targets;

    function setUp() external {
        _handler = new CampaignHandler();
        _targets.push(address(_handler));
    }

    function targetContracts() external view returns (address[] memory) {
        return _targets;
    }

    function invariant_TheBooksBalance() external {
        _handler.check();
    }
}
