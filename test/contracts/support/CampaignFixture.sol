// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Campaigns} from "../../../contracts/Campaigns.sol";
import {ParatiiToken} from "../../../contracts/ParatiiToken.sol";
import {ICampaignsTypes} from "../../../contracts/interfaces/ICampaignsTypes.sol";
import {Allotments} from "../../../contracts/libraries/Allotments.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Test} from "./Test.sol";

/// @dev A campaign in batches of four viewers, and what its signer signs.
abstract contract CampaignFixture is Test {
    uint32 internal constant PERIOD = 1 days;
    uint256 internal constant ADVERTISER_KEY = 0xAD;
    uint256 internal constant SIGNER_KEY = 0x51;
    uint40 internal constant DEPOSIT = 100_000_000; // units: 100 PTI
    uint40 internal constant CAP = 5_000_000;
    uint8 internal constant DEPTH = 2;
    uint256 internal constant FUNDS = 1_000 ether;
    uint16 internal constant SITE_BPS = 1_000;

    address internal immutable ADVERTISER = vm.addr(ADVERTISER_KEY);
    address internal immutable SIGNER = vm.addr(SIGNER_KEY);
    address internal immutable SITE = address(0x517E);

    ParatiiToken internal token;
    Campaigns internal campaigns;
    uint256 internal UNIT;

    function deploy() internal {
        vm.warp(1_800_000_000);
        token = new ParatiiToken(address(this));
        campaigns = new Campaigns(token, PERIOD);
        UNIT = campaigns.UNIT();
        token.transfer(ADVERTISER, FUNDS);
        vm.prank(ADVERTISER);
        token.approve(address(campaigns), type(uint256).max);
    }

    function aPlan(bytes32 salt) internal view returns (ICampaignsTypes.Plan memory) {
        return ICampaignsTypes.Plan({
            advertiser: ADVERTISER,
            signer: SIGNER,
            video: keccak256("an ad"),
            deposit: DEPOSIT,
            maxPerViewer: CAP,
            end: uint40(block.timestamp + 10 days),
            depth: DEPTH,
            affiliate: SITE,
            affiliateBps: SITE_BPS,
            salt: salt
        });
    }

    function start(bytes32 salt) internal returns (bytes32) {
        ICampaignsTypes.Plan memory plan = aPlan(salt);
        vm.prank(ADVERTISER);
        return campaigns.create(plan);
    }

    function viewerOf(uint256 leaf) internal pure returns (address viewer, address payout) {
        return (address(uint160(0xAA00 + leaf)), address(uint160(0xBB00 + leaf)));
    }

    /// @dev Leaves of batch number `batch`: four viewers with one cap.
    function leavesOf(uint32 batch, uint40 cap) internal pure returns (bytes32[4] memory leaves) {
        for (uint32 i; i < 4; ++i) {
            uint32 leaf = (batch << DEPTH) + i;
            (address viewer, address payout) = viewerOf(leaf);
            leaves[i] = Allotments.leaf(leaf, viewer, payout, cap);
        }
    }

    function node(bytes32 left, bytes32 right) internal pure returns (bytes32) {
        uint256 mask = (1 << 40) - 1;
        uint256 sum = (uint256(left) & mask) + (uint256(right) & mask);
        return bytes32((uint256(keccak256(abi.encodePacked(bytes1(0x01), left, right))) & ~mask) | sum);
    }

    function rootOf(uint32 batch, uint40 cap) internal pure returns (bytes32) {
        bytes32[4] memory leaves = leavesOf(batch, cap);
        return node(node(leaves[0], leaves[1]), node(leaves[2], leaves[3]));
    }

    function allotBatch(bytes32 campaign, uint32 batch, uint40 cap) internal {
        vm.prank(SIGNER);
        campaigns.allot(campaign, rootOf(batch, cap), Signature(0, 0));
    }

    function proofOf(bytes32 campaign, uint32 leaf, uint40 cap, uint256 balance)
        internal
        view
        returns (ICampaignsTypes.Proof memory)
    {
        bytes32[4] memory leaves = leavesOf(leaf >> DEPTH, cap);
        uint256 place = leaf % 4;
        bytes32[] memory siblings = new bytes32[](2);
        siblings[0] = leaves[place ^ 1];
        siblings[1] = place < 2 ? node(leaves[2], leaves[3]) : node(leaves[0], leaves[1]);
        (address viewer, address payout) = viewerOf(leaf);
        return ICampaignsTypes.Proof({
            leaf: leaf,
            viewer: viewer,
            payout: payout,
            cap: cap,
            balance: balance,
            signature: signProof(SIGNER_KEY, campaign, leaf, balance),
            siblings: siblings
        });
    }

    function signProof(uint256 key, bytes32 campaign, uint32 leaf, uint256 balance)
        internal
        view
        returns (Signature memory)
    {
        bytes32 typeHash = keccak256("CampaignProof(bytes32 campaign,uint32 leaf,uint256 balance)");
        return sign(
            key, toDigest(campaigns.domainSeparator(), keccak256(abi.encode(typeHash, campaign, leaf, balance)))
        );
    }

    function settleOne(bytes32 campaign, ICampaignsTypes.Proof memory proof) internal {
        ICampaignsTypes.Proof[] memory proofs = new ICampaignsTypes.Proof[](1);
        proofs[0] = proof;
        campaigns.settle(campaign, proofs);
    }

    function payoutBalance(uint256 leaf) internal view returns (uint256) {
        (, address payout) = viewerOf(leaf);
        return token.balanceOf(payout);
    }
}
