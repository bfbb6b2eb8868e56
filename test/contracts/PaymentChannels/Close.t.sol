// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {ChannelFixture} from "../support/ChannelFixture.sol";

contract PaymentChannelsCloseTest is ChannelFixture {
    bytes32 private _id;

    function setUp() external {
        deploy();
        _id = open(0, 10 ether);
    }

    function test_AProofPaysThePayeeWhoeverSendsIt() external {
        vm.prank(RELAYER);
        channels.withdraw(route(0), 3 ether, proof(_id, 3 ether));
        assertEq(token.balanceOf(PAYEE), 3 ether, "first");
        channels.withdraw(route(0), 4 ether, proof(_id, 4 ether));
        assertEq(token.balanceOf(PAYEE), 4 ether, "the difference");
    }

    function test_AStaleProofIsRefused() external {
        Signature memory once = proof(_id, 3 ether);
        channels.withdraw(route(0), 3 ether, once);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Stale.selector, 3 ether));
        channels.withdraw(route(0), 3 ether, once);
    }

    function test_WhatIsSignedAboveTheDepositIsCut() external {
        channels.withdraw(route(0), 30 ether, proof(_id, 30 ether));
        assertEq(token.balanceOf(PAYEE), 10 ether, "cut");
    }

    function test_ABatchPaysInOneTransferAndABadItemHarmsNoOther() external {
        IPaymentChannelsTypes.PackedProof[] memory items = new IPaymentChannelsTypes.PackedProof[](100);
        for (uint96 lane = 1; lane <= 100; ++lane) {
            items[lane - 1] = packed(lane, open(lane, 2 ether), 1 ether);
        }
        items[42].proof = items[41].proof;
        vm.recordLogs();
        channels.withdrawMany(PAYEE, items);
        assertEq(token.balanceOf(PAYEE), 99 ether, "paid");
        assertEq(vm.getRecordedLogs().length, 101, "one log each, one transfer");
        assertEq(channels.channelOf(route(43)).withdrawn, 0, "the bad one");
    }

    function test_DuplicateReorderedUnknownAndEndedItemsAreSkipped() external {
        IPaymentChannelsTypes.PackedProof[] memory items = new IPaymentChannelsTypes.PackedProof[](5);
        items[0] = packed(0, _id, 4 ether);
        items[1] = packed(0, _id, 3 ether);
        items[2] = packed(0, _id, 4 ether);
        items[3] = packed(5, channels.idOfChannel(route(5), 1), 1 ether);
        bytes32 ended = open(6, 1 ether);
        vm.prank(PAYER);
        channels.uncooperativeClose(route(6), 0);
        vm.warp(block.timestamp + PERIOD);
        items[4] = packed(6, ended, 1 ether);
        channels.withdrawMany(PAYEE, items);
        assertEq(token.balanceOf(PAYEE), 4 ether, "once");
    }

    function test_ACooperativeClosePaysBothAtOnce() external {
        channels.withdraw(route(0), 1 ether, proof(_id, 1 ether));
        vm.prank(RELAYER);
        channels.cooperativeClose(route(0), 3 ether, proof(_id, 3 ether), closing(_id, 3 ether));
        assertEq(token.balanceOf(PAYEE), 3 ether, "payee");
        assertEq(token.balanceOf(PAYER), FUNDS - 3 ether, "payer");
        assertEq(channels.channelOf(route(0)).deposit, 0, "not open");
    }

    function test_APartyThatSendsItNeedsNoSignatureOfItsOwn() external {
        Signature memory payers = proof(_id, 3 ether);
        vm.prank(PAYEE);
        channels.cooperativeClose(route(0), 3 ether, payers, none());
        Signature memory payees = closing(open(0, 10 ether), 4 ether);
        vm.prank(PAYER);
        channels.cooperativeClose(route(0), 4 ether, none(), payees);
        open(0, 10 ether);
        vm.prank(PAYEE);
        channels.cooperativeClose(route(0), 0, none(), none());
        assertEq(token.balanceOf(PAYEE), 7 ether, "payee");
    }

    function test_ACooperativeCloseNeedsBothSignatures() external {
        Signature memory ours = proof(_id, 3 ether);
        Signature memory theirs = closing(_id, 3 ether);
        expectBadSignature();
        channels.cooperativeClose(route(0), 3 ether, ours, ours);
        expectBadSignature();
        channels.cooperativeClose(route(0), 3 ether, theirs, theirs);
        expectBadSignature();
        channels.cooperativeClose(route(0), 4 ether, ours, theirs);
        Signature memory more = closing(_id, 11 ether);
        Signature memory above = proof(_id, 11 ether);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_BadBalance.selector, 11 ether));
        channels.cooperativeClose(route(0), 11 ether, above, more);
    }

    function test_ACloseConcedesAtOnceAndIsSettledByAnybodyAfterThePeriod() external {
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 2 ether);
        assertEq(token.balanceOf(PAYEE), 2 ether, "conceded");
        uint256 end = block.timestamp + PERIOD;
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_NotEnded.selector, end));
        channels.settle(route(0));
        vm.warp(end);
        vm.prank(RELAYER);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYER), FUNDS - 2 ether, "the rest");
        assertEq(token.balanceOf(address(channels)), 0, "held");
    }

    function test_AChallengePaysTheNewerProofUntilThePeriodIsOver() external {
        Signature memory newest = proof(_id, 8 ether);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_NotEnded.selector, 0));
        channels.challenge(route(0), 8 ether, newest);
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 2 ether);
        uint256 end = block.timestamp + PERIOD;
        vm.warp(end - 1);
        vm.prank(RELAYER);
        channels.challenge(route(0), 8 ether, newest);
        assertEq(token.balanceOf(PAYEE), 8 ether, "challenged");
        Signature memory late = proof(_id, 9 ether);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Ended.selector, end));
        channels.withdraw(route(0), 9 ether, late);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYER), FUNDS - 8 ether, "the rest");
    }

    function test_PayerAndSignerCloseBySignatureToo() external {
        Signature memory signature = sign(SIGNER_KEY, digestOf("UncooperativeClose", _id, 1 ether));
        vm.prank(RELAYER);
        channels.uncooperativeCloseBySignature(route(0), 1 ether, signature);
        assertEq(channels.channelOf(route(0)).end, block.timestamp + PERIOD, "closing");
        bytes32 other = open(1, 1 ether);
        channels.uncooperativeCloseBySignature(
            route(1), 0, sign(PAYER_KEY, digestOf("UncooperativeClose", other, 0))
        );
        open(2, 1 ether);
        vm.prank(SIGNER);
        channels.uncooperativeClose(route(2), 0);
    }

    function test_NobodyElseCloses() external {
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_NotAllowed.selector, address(this))
        );
        channels.uncooperativeClose(route(0), 0);
        Signature memory payees = sign(PAYEE_KEY, digestOf("UncooperativeClose", _id, 0));
        expectBadSignature();
        channels.uncooperativeCloseBySignature(route(0), 0, payees);
        Signature memory balance = proof(_id, 0);
        expectBadSignature();
        channels.uncooperativeCloseBySignature(route(0), 0, balance);
    }

    function test_ASecondCloseMovesNothing() external {
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 0);
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Closing.selector, _id));
        channels.uncooperativeClose(route(0), 5 ether);
    }

    function test_WhileItClosesBothMayStillAgree() external {
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 2 ether);
        channels.cooperativeClose(route(0), 2 ether, none(), closing(_id, 2 ether));
        assertEq(token.balanceOf(PAYER), FUNDS - 2 ether, "the rest");
    }

    function testFuzz_BothGetTheDepositBetweenThem(uint256 taken, uint256 conceded, uint256 newest) external {
        taken = bound(taken, 1, 10 ether);
        conceded = bound(conceded, 0, 10 ether);
        newest = bound(newest, 1, 20 ether);
        channels.withdraw(route(0), uint96(taken), proof(_id, taken));
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), uint96(conceded));
        uint256 expected = taken > conceded ? taken : conceded;
        if (newest > expected && expected < 10 ether) {
            channels.challenge(route(0), uint96(newest), proof(_id, newest));
            expected = newest > 10 ether ? 10 ether : newest;
        }
        vm.warp(block.timestamp + PERIOD);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYEE), expected, "payee");
        assertEq(token.balanceOf(PAYER), FUNDS - expected, "payer");
    }

    function expectBadSignature() private {
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_BadSignature.selector);
    }
}
