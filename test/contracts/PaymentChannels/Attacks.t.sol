// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {PaymentChannels} from "../../../contracts/PaymentChannels.sol";
import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {CompactSignatures, Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {ChannelFixture} from "../support/ChannelFixture.sol";

/// @dev What must not work. The first four are known defects of MicroRaiden.
contract PaymentChannelsAttacksTest is ChannelFixture {
    uint256 private constant _ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
    bytes32 private _id;

    function setUp() external {
        deploy();
        _id = open(0, 10 ether);
    }

    function test_MicroRaiden_ACloseBelowWhatWasWithdrawnDoesNotBrickSettle() external {
        channels.withdraw(route(0), 6 ether, proof(_id, 6 ether));
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 1 ether);
        assertEq(channels.channelOf(route(0)).withdrawn, 6 ether, "not below");
        vm.warp(block.timestamp + PERIOD);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYEE), 6 ether, "payee");
        assertEq(token.balanceOf(PAYER), FUNDS - 6 ether, "payer");
    }

    function test_MicroRaiden_NotOnlyThePayerSettles() external {
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 1 ether);
        vm.warp(block.timestamp + PERIOD);
        vm.prank(PAYEE);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYER), FUNDS - 1 ether, "payer");
    }

    function test_MicroRaiden_AChannelReopenedInTheSameBlockRefusesTheOldProof() external {
        Signature memory old = proof(_id, 9 ether);
        channels.cooperativeClose(route(0), 1 ether, proof(_id, 1 ether), closing(_id, 1 ether));
        bytes32 second = open(0, 10 ether);
        assertTrue(second != _id, "another id");
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, old);
    }

    function test_MicroRaiden_AProofForAnotherChainIsRefused() external {
        Signature memory signature = proof(_id, 9 ether);
        vm.chainId(5);
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, signature);
    }

    function test_AProofForAnotherContractIsRefused() external {
        PaymentChannels other = new PaymentChannels(token, PERIOD);
        bytes32 typeHash = keccak256("BalanceProof(bytes32 channel,uint256 balance)");
        bytes32 structHash = keccak256(abi.encode(typeHash, _id, 9 ether));
        Signature memory signature = sign(SIGNER_KEY, toDigest(other.domainSeparator(), structHash));
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, signature);
    }

    function test_APayerThatTurnsIntoAContractVoidsNothing() external {
        Signature memory signature = proof(_id, 9 ether);
        vm.etch(SIGNER, hex"60006000fd");
        vm.etch(PAYER, hex"60006000fd");
        channels.withdraw(route(0), 9 ether, signature);
        assertEq(token.balanceOf(PAYEE), 9 ether, "paid");
    }

    function test_ASignatureOfOnePurposeServesNoOther() external {
        Signature memory closes = sign(SIGNER_KEY, digestOf("UncooperativeClose", _id, 9 ether));
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, closes);
        Signature memory ends = sign(SIGNER_KEY, digestOf("ClosingSignature", _id, 9 ether));
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, ends);
    }

    function test_HighSIsRefused() external {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(SIGNER_KEY, digestOf("BalanceProof", _id, 9 ether));
        uint256 high = _ORDER - uint256(s);
        Signature memory signature = Signature(r, bytes32(high | (uint256(28 - v) << 255)));
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, signature);
    }

    function test_ASignatureOf64BytesHasOneFormOnly() external {
        Signature memory signature = proof(_id, 9 ether);
        Signature memory flipped = Signature(signature.r, signature.vs ^ bytes32(uint256(1) << 255));
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, flipped);
        expectBadSignature();
        channels.withdraw(route(0), 9 ether, none());
        channels.withdraw(route(0), 9 ether, signature);
        expectStale(9 ether);
        channels.withdraw(route(0), 9 ether, signature);
    }

    function test_AFurtherByteOfASignatureChangesNothing() external {
        bytes memory call = abi.encodeCall(channels.withdraw, (route(0), 9 ether, proof(_id, 9 ether)));
        (bool first,) = address(channels).call(bytes.concat(call, hex"1b"));
        (bool again,) = address(channels).call(bytes.concat(call, hex"1c"));
        assertTrue(first && !again, "paid once, whatever follows");
        assertEq(token.balanceOf(PAYEE), 9 ether, "once");
    }

    function test_AStaleCloseIsAnsweredByTheNewestProof() external {
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 0);
        channels.challenge(route(0), 9 ether, proof(_id, 9 ether));
        vm.warp(block.timestamp + PERIOD);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYEE), 9 ether, "payee");
    }

    function test_AThirdPartysTopUpResetsNoClose() external {
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 0);
        token.approve(address(channels), 1);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Closing.selector, _id));
        channels.topUpDelegate(route(0), 1, 1);
        vm.warp(block.timestamp + PERIOD);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYER), FUNDS, "all of it");
    }

    function test_AnOpenOfAnotherSquatsNoLane() external {
        token.transfer(RELAYER, 1);
        vm.prank(RELAYER);
        token.approve(address(channels), 1);
        vm.prank(RELAYER);
        channels.createChannelDelegate(PAYER, PAYEE, SIGNER, 3, 1);
        bytes32 id = channels.idOfChannel(route(3), 1);
        uint256 until = block.timestamp + 1;
        Signature memory signature = authorize(PAYER_KEY, address(channels), 5 ether, until, createNonce(id, 5 ether));
        channels.createChannelWithAuthorization(route(3), 5 ether, until, signature);
        assertEq(channels.channelOf(route(3)).deposit, 5 ether, "the payer's own");
    }

    function test_DustChannelsCostNobodyElseAnything() external {
        IPaymentChannelsTypes.PackedProof[] memory items = new IPaymentChannelsTypes.PackedProof[](3);
        for (uint96 lane = 1; lane < 3; ++lane) {
            items[lane] = packed(lane, open(lane, 1), 1);
        }
        items[0] = packed(0, _id, 5 ether);
        channels.withdrawMany(PAYEE, items);
        assertEq(token.balanceOf(PAYEE), 5 ether + 2, "all of them");
        for (uint96 lane = 1; lane < 3; ++lane) {
            vm.prank(PAYEE);
            channels.cooperativeClose(route(lane), 1, none(), none());
        }
    }

    function test_ATokenThatTakesFeesOrRevertsServesNobody() external {
        // The token is immutable; one in its place that reverts undoes the whole opening.
        PaymentChannels broken = new PaymentChannels(token, PERIOD);
        vm.prank(RELAYER);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(broken), 0, 1)
        );
        broken.createChannel(PAYEE, SIGNER, 0, 1);
        FeeToken other = new FeeToken();
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_NotAllowed.selector, address(other))
        );
        other.call(channels, abi.encodePacked(PAYEE, SIGNER));
        assertEq(token.balanceOf(address(broken)), 0, "nothing held");
    }

    function test_AHostilePayeeOrPayerIsNotCalled() external {
        // Payouts are plain transfers: code that always reverts blocks nothing.
        vm.etch(PAYEE, hex"60006000fd");
        vm.etch(PAYER, hex"60006000fd");
        vm.prank(PAYER);
        channels.uncooperativeClose(route(0), 4 ether);
        vm.warp(block.timestamp + PERIOD);
        channels.settle(route(0));
        assertEq(token.balanceOf(PAYEE), 4 ether, "payee");
    }

    function test_TheZeroAddressSignsNothing() external {
        IPaymentChannelsTypes.Route memory nobody = route(0);
        nobody.signer = address(0);
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_NotOpen.selector);
        channels.withdraw(nobody, 1, Signature(0, 0));
    }

    function expectStale(uint256 balance) private {
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Stale.selector, balance));
    }

    function expectBadSignature() private {
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_BadSignature.selector);
    }
}

/// @dev A token that says it sent more than it did.
contract FeeToken {
    function call(PaymentChannels channels, bytes calldata data) external {
        channels.onTransferReceived(msg.sender, msg.sender, 100 ether, data);
    }
}
