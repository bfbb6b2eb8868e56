// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Campaigns} from "../../../contracts/Campaigns.sol";
import {ICampaignsTypes} from "../../../contracts/interfaces/ICampaignsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {CampaignFixture} from "../support/CampaignFixture.sol";

contract CampaignsTest is CampaignFixture {
    uint256 private constant _ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private _id;

    function setUp() external {
        deploy();
        _id = start("salt");
        allotBatch(_id, 0, CAP);
    }

    function test_ACampaignTakesItsDepositAndServesOnce() external {
        assertEq(token.balanceOf(address(campaigns)), DEPOSIT * UNIT, "held");
        ICampaignsTypes.Plan memory plan = aPlan("salt");
        assertEq(campaigns.idOf(plan), _id, "id");
        vm.prank(ADVERTISER);
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_Exists.selector, _id));
        campaigns.create(plan);
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_NotAllowed.selector, address(this)));
        campaigns.create(plan);
    }

    function test_ItOpensAndGrowsByTransferAndCallTokenFallbackAndAuthorization() external {
        ICampaignsTypes.Plan memory plan = aPlan("by transfer");
        bytes32 id = campaigns.idOf(plan);
        vm.prank(ADVERTISER);
        token.transferAndCall(address(campaigns), DEPOSIT * UNIT, abi.encode(plan));
        vm.prank(ADVERTISER);
        token.transfer(address(campaigns), 7 * UNIT, abi.encode(id));
        assertEq(campaigns.campaignOf(id).deposit, DEPOSIT + 7, "deposit");

        plan = aPlan("by authorization");
        uint256 until = block.timestamp + 1;
        Signature memory signature = authorize(DEPOSIT * UNIT, until, campaigns.idOf(plan));
        campaigns.createWithAuthorization(plan, until, signature);
        id = campaigns.idOf(plan);
        bytes32 typeHash = keccak256("TopUpCampaign(bytes32 campaign,uint40 added,bytes32 salt)");
        bytes32 nonce = toDigest(campaigns.domainSeparator(), keccak256(abi.encode(typeHash, id, uint40(3), bytes32("s"))));
        signature = authorize(3 * UNIT, until, nonce);
        campaigns.topUpWithAuthorization(id, 3, "s", until, signature);
        assertEq(campaigns.campaignOf(id).deposit, DEPOSIT + 3, "grown");
    }

    function test_DataThatMeanNothingAndOtherAmountsAreRefused() external {
        bytes memory data = abi.encode(aPlan("by transfer"));
        vm.prank(ADVERTISER);
        vm.expectRevert(ICampaignsTypes.Campaigns_BadData.selector);
        token.transferAndCall(address(campaigns), DEPOSIT * UNIT + 1, data);
        vm.prank(ADVERTISER);
        vm.expectRevert(ICampaignsTypes.Campaigns_BadData.selector);
        token.transferAndCall(address(campaigns), UNIT, data);
        vm.expectRevert(ICampaignsTypes.Campaigns_BadData.selector);
        token.transferAndCall(address(campaigns), DEPOSIT * UNIT, data);
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_NotAllowed.selector, address(this)));
        campaigns.onTransferReceived(ADVERTISER, ADVERTISER, DEPOSIT * UNIT, data);
    }

    function test_ABadPlanIsRefused() external {
        ICampaignsTypes.Plan memory plan = aPlan("bad");
        plan.end = uint40(block.timestamp);
        expectBadPlan(plan);
        plan = aPlan("bad");
        plan.signer = address(0);
        expectBadPlan(plan);
        plan = aPlan("bad");
        plan.deposit = 0;
        expectBadPlan(plan);
        plan = aPlan("bad");
        plan.depth = 33;
        expectBadPlan(plan);
        plan = aPlan("bad");
        plan.affiliateBps = 10_001;
        expectBadPlan(plan);
    }

    function test_AViewerIsPaidAndTheSiteItsPart() external {
        settleOne(_id, proofOf(_id, 1, CAP, 2 ether));
        assertEq(payoutBalance(1), 1.8 ether, "viewer");
        assertEq(token.balanceOf(SITE), 0.2 ether, "site");
        settleOne(_id, proofOf(_id, 1, CAP, 3 ether));
        assertEq(payoutBalance(1), 2.7 ether, "the difference");
        assertEq(campaigns.paidUnits(_id, 1), 3_000_000, "units");
    }

    function test_WhatIsSignedAboveTheAllotmentOrTheMostForAViewerIsCut() external {
        settleOne(_id, proofOf(_id, 0, CAP, 50 ether));
        assertEq(payoutBalance(0) + token.balanceOf(SITE), CAP * UNIT, "cut to the cap");
        allotBatch(_id, 1, 2 * CAP);
        allotBatch(_id, 2, CAP / 5);
        settleOne(_id, proofOf(_id, 8, CAP / 5, 3 ether));
        assertEq(campaigns.paidUnits(_id, 8), CAP / 5, "cut to an allotment below the most");
        settleOne(_id, proofOf(_id, 4, 2 * CAP, 50 ether));
        assertEq(campaigns.paidUnits(_id, 4), CAP, "cut to the most");
    }

    function test_OverAllotmentIsRefused() external {
        allotBatch(_id, 1, 20_000_000);
        vm.prank(SIGNER);
        vm.expectRevert(ICampaignsTypes.Campaigns_BadAllotments.selector);
        campaigns.allot(_id, bytes32(uint256(1)), Signature(0, 0));
        vm.prank(ADVERTISER);
        campaigns.topUp(_id, 4 * CAP);
        allotBatch(_id, 2, CAP);
    }

    function test_AnybodyAllotsWithTheSignersSignatureAndNobodyWithout() external {
        bytes32 root = rootOf(1, CAP);
        bytes32 typeHash = keccak256("AllotCampaign(bytes32 campaign,uint32 index,bytes32 allotments)");
        bytes32 digest = toDigest(
            campaigns.domainSeparator(), keccak256(abi.encode(typeHash, _id, uint32(1), root))
        );
        Signature memory wrong = sign(ADVERTISER_KEY + 9, digest);
        vm.expectRevert(ICampaignsTypes.Campaigns_BadSignature.selector);
        campaigns.allot(_id, root, wrong);
        campaigns.allot(_id, root, sign(SIGNER_KEY, digest));
        vm.expectRevert(ICampaignsTypes.Campaigns_BadSignature.selector);
        campaigns.allot(_id, root, sign(SIGNER_KEY, digest));
        assertEq(campaigns.batchesOf(_id).length, 2, "batches");
    }

    function test_OverlappingBranchesAndSumsNotInThePreimageAreSkipped() external {
        // A leaf of the first batch under another index, cap, viewer or sibling is none of it.
        ICampaignsTypes.Proof memory proof = proofOf(_id, 1, CAP, 2 ether);
        proof.leaf = 5;
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadBranch);
        proof = proofOf(_id, 1, CAP, 2 ether);
        proof.cap = CAP + 1;
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadBranch);
        proof = proofOf(_id, 1, CAP, 2 ether);
        proof.viewer = address(this);
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadBranch);
        proof = proofOf(_id, 1, CAP, 2 ether);
        proof.siblings[1] = bytes32(uint256(proof.siblings[1]) - 1);
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadBranch);
        proof = proofOf(_id, 1, CAP, 2 ether);
        proof.siblings = new bytes32[](1);
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadBranch);
    }

    function test_ForgedForeignAndHighSProofsAreSkipped() external {
        ICampaignsTypes.Proof memory proof = proofOf(_id, 1, CAP, 2 ether);
        proof.signature = signProof(SIGNER_KEY + 1, _id, 1, 2 ether);
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadSignature);
        proof.signature = signProof(SIGNER_KEY, _id, 2, 2 ether);
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadSignature);
        proof.signature = signProof(SIGNER_KEY, start("another"), 1, 2 ether);
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadSignature);
        proof = proofOf(_id, 1, CAP, 2 ether);
        uint256 s = uint256(proof.signature.vs) & type(uint256).max >> 1;
        uint256 parity = uint256(proof.signature.vs) >> 255;
        proof.signature.vs = bytes32((_ORDER - s) | ((1 - parity) << 255));
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadSignature);
        proof = proofOf(_id, 1, CAP, 2 ether);
        vm.chainId(5);
        expectSkipped(proof, ICampaignsTypes.SkipReason.BadSignature);
    }

    function test_OneBadProofAmongAHundredHarmsNoOther() external {
        for (uint32 batch = 1; batch < 4; ++batch) {
            allotBatch(_id, batch, CAP);
        }
        ICampaignsTypes.Proof[] memory proofs = new ICampaignsTypes.Proof[](100);
        for (uint32 i; i < 100; ++i) {
            proofs[i] = proofOf(_id, i % 16, CAP, (i / 16 + 1) * 0.1 ether);
        }
        proofs[42].signature = proofs[41].signature;
        campaigns.settle(_id, proofs);
        uint256 paid;
        for (uint256 leaf; leaf < 16; ++leaf) {
            paid += payoutBalance(leaf);
        }
        assertEq(paid + token.balanceOf(SITE), (4 * 0.7 ether) + (12 * 0.6 ether), "all but nothing of the bad one");
    }

    function test_ASignerThatTurnsIntoAContractVoidsNothing() external {
        ICampaignsTypes.Proof memory proof = proofOf(_id, 1, CAP, 2 ether);
        vm.etch(SIGNER, hex"60006000fd");
        vm.etch(ADVERTISER, hex"60006000fd");
        settleOne(_id, proof);
        assertEq(campaigns.paidUnits(_id, 1), 2_000_000, "paid");
    }

    function test_ViewersSettleUntilAPeriodAfterTheEndAndThenTheRestReturns() external {
        uint256 end = campaigns.campaignOf(_id).end;
        vm.warp(end);
        vm.prank(SIGNER);
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_Ended.selector, end));
        campaigns.allot(_id, rootOf(1, CAP), Signature(0, 0));
        vm.prank(ADVERTISER);
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_Ended.selector, end));
        campaigns.topUp(_id, 1);
        vm.warp(end + PERIOD - 1);
        settleOne(_id, proofOf(_id, 1, CAP, 2 ether));
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_NotEnded.selector, end + PERIOD));
        campaigns.reclaim(_id);
        vm.warp(end + PERIOD);
        ICampaignsTypes.Proof memory late = proofOf(_id, 1, CAP, 3 ether);
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_Ended.selector, end));
        settleOne(_id, late);
        campaigns.reclaim(_id);
        assertEq(token.balanceOf(ADVERTISER), FUNDS - 2 ether, "the rest");
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_AlreadyReclaimed.selector, _id));
        campaigns.reclaim(_id);
    }

    function test_AnUnknownCampaignIsRefused() external {
        vm.expectRevert(abi.encodeWithSelector(ICampaignsTypes.Campaigns_Unknown.selector, bytes32("none")));
        campaigns.reclaim("none");
    }

    function testFuzz_SumsAreTheSameInWhateverOrder(uint256[6] calldata balances, uint8 cutAt) external {
        ICampaignsTypes.Proof[] memory first = new ICampaignsTypes.Proof[](cutAt % 7);
        ICampaignsTypes.Proof[] memory second = new ICampaignsTypes.Proof[](6 - first.length);
        uint256 most;
        for (uint256 i; i < 6; ++i) {
            uint256 balance = bound(balances[i], 0, 6 ether);
            if (balance > most) most = balance;
            ICampaignsTypes.Proof memory proof = proofOf(_id, 1, CAP, balance);
            if (i < first.length) first[i] = proof;
            else second[i - first.length] = proof;
        }
        campaigns.settle(_id, first);
        campaigns.settle(_id, second);
        uint256 units = most / UNIT < CAP ? most / UNIT : CAP;
        uint256 site = units * UNIT * SITE_BPS / 10_000;
        assertEq(token.balanceOf(SITE), site, "site");
        assertEq(payoutBalance(1), units * UNIT - site, "viewer");
    }

    function authorize(uint256 value, uint256 until, bytes32 nonce) private view returns (Signature memory) {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        bytes32 structHash = keccak256(abi.encode(typeHash, ADVERTISER, address(campaigns), value, 0, until, nonce));
        return sign(ADVERTISER_KEY, toDigest(token.DOMAIN_SEPARATOR(), structHash));
    }

    function expectBadPlan(ICampaignsTypes.Plan memory plan) private {
        vm.prank(ADVERTISER);
        vm.expectRevert(ICampaignsTypes.Campaigns_BadPlan.selector);
        campaigns.create(plan);
    }

    function expectSkipped(ICampaignsTypes.Proof memory proof, ICampaignsTypes.SkipReason reason) private {
        vm.recordLogs();
        settleOne(_id, proof);
        (, ICampaignsTypes.SkipReason found) =
            abi.decode(vm.getRecordedLogs()[0].data, (uint32, ICampaignsTypes.SkipReason));
        assertTrue(found == reason, "reason");
        assertEq(token.balanceOf(SITE), 0, "nothing paid");
    }
}
