// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiToken} from "../../../contracts/ParatiiToken.sol";
import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {ChannelFixture} from "../support/ChannelFixture.sol";

contract PaymentChannelsOpenTest is ChannelFixture {
    function setUp() external {
        deploy();
    }

    function test_AnAllowanceOpensAChannelAndTakesTheDeposit() external {
        bytes32 id = open(7, 5 ether);
        assertChannel(route(7), id, 1, 5 ether);
        assertEq(token.balanceOf(PAYER), FUNDS - 5 ether, "taken");
    }

    function test_TransferAndCallOpensWithPayeeSignerAndLane() external {
        vm.prank(PAYER);
        token.transferAndCall(address(channels), 1 ether, abi.encodePacked(PAYEE));
        IPaymentChannelsTypes.Route memory own = route(0);
        own.signer = PAYER;
        assertChannel(own, channels.idOfChannel(own, 1), 1, 1 ether);
        vm.prank(PAYER);
        token.transferAndCall(address(channels), 2 ether, abi.encodePacked(PAYEE, SIGNER));
        assertChannel(route(0), channels.idOfChannel(route(0), 1), 1, 2 ether);
        vm.prank(PAYER);
        token.transferAndCall(address(channels), 3 ether, abi.encodePacked(PAYEE, SIGNER, uint96(9)));
        assertChannel(route(9), channels.idOfChannel(route(9), 1), 1, 3 ether);
    }

    function test_TokenFallbackOpensAndTopsUp() external {
        vm.prank(PAYER);
        token.transfer(address(channels), 3 ether, abi.encodePacked(PAYEE, SIGNER, uint96(9)));
        vm.prank(PAYER);
        token.transfer(address(channels), 1 ether, abi.encodePacked(PAYEE, SIGNER, uint96(9), uint40(1)));
        assertChannel(route(9), channels.idOfChannel(route(9), 1), 1, 4 ether);
    }

    function test_DataThatMeanNothingAreRefused() external {
        vm.prank(PAYER);
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_BadData.selector);
        token.transferAndCall(address(channels), 1 ether, hex"00");
    }

    function test_TokensOfAnotherKindOpenNothing() external {
        ParatiiToken other = new ParatiiToken(PAYER);
        vm.prank(PAYER);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_NotAllowed.selector, address(other))
        );
        other.transferAndCall(address(channels), 1 ether, abi.encodePacked(PAYEE));
    }

    function test_AnAuthorizationOpensOnceWhateverRelayer() external {
        bytes32 id = channels.idOfChannel(route(1), 1);
        uint256 until = block.timestamp + 1;
        Signature memory signature = authorize(PAYER_KEY, address(channels), 5 ether, until, createNonce(id, 5 ether));
        vm.prank(RELAYER);
        channels.createChannelWithAuthorization(route(1), 5 ether, until, signature);
        assertChannel(route(1), id, 1, 5 ether);
        channels.cooperativeClose(route(1), 0, none(), closing(id, 0));
        vm.expectRevert(abi.encodeWithSignature("ERC3009InvalidSignature()"));
        channels.createChannelWithAuthorization(route(1), 5 ether, until, signature);
    }

    function test_AnAuthorizationSentStraightToTheTokenIsRefused() external {
        uint256 until = block.timestamp + 1;
        bytes32 nonce = createNonce(channels.idOfChannel(route(1), 1), 5 ether);
        Signature memory signature = authorize(PAYER_KEY, address(channels), 5 ether, until, nonce);
        (uint8 v, bytes32 s) = (uint8(27 + (uint256(signature.vs) >> 255)), signature.vs << 1 >> 1);
        vm.expectRevert(abi.encodeWithSignature("ERC20InvalidReceiver(address)", address(channels)));
        token.receiveWithAuthorization(PAYER, address(channels), 5 ether, 0, until, nonce, v, signature.r, s);
    }

    function test_AnAuthorizationIsNotRedirected() external {
        uint256 until = block.timestamp + 1;
        bytes32 nonce = createNonce(channels.idOfChannel(route(1), 1), 5 ether);
        Signature memory signature = authorize(PAYER_KEY, address(channels), 5 ether, until, nonce);
        IPaymentChannelsTypes.Route memory other = route(1);
        other.payee = RELAYER;
        vm.expectRevert(abi.encodeWithSignature("ERC3009InvalidSignature()"));
        channels.createChannelWithAuthorization(other, 5 ether, until, signature);
    }

    function test_APermitSentBeforeByAnotherHarmsNobody() external {
        vm.prank(PAYER);
        token.approve(address(channels), 0);
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        uint256 until = block.timestamp + 1;
        bytes32 structHash = keccak256(abi.encode(typeHash, PAYER, address(channels), 5 ether, 0, until));
        bytes32 digest = toDigest(token.DOMAIN_SEPARATOR(), structHash);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(PAYER_KEY, digest);
        vm.prank(RELAYER);
        token.permit(PAYER, address(channels), 5 ether, until, v, r, s);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(channels.permit, (PAYER, 5 ether, until, sign(PAYER_KEY, digest)));
        calls[1] = abi.encodeCall(channels.createChannel, (PAYEE, SIGNER, 1, 5 ether));
        vm.prank(PAYER);
        channels.multicall(calls);
        assertChannel(route(1), channels.idOfChannel(route(1), 1), 1, 5 ether);
    }

    function test_ADelegateSpendsItsOwnTokensAlone() external {
        vm.prank(RELAYER);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(channels), 0, 1)
        );
        channels.createChannelDelegate(PAYER, PAYEE, SIGNER, 0, 1);
        token.transfer(RELAYER, 10);
        vm.prank(RELAYER);
        token.approve(address(channels), 10);
        vm.prank(RELAYER);
        channels.createChannelDelegate(PAYER, PAYEE, SIGNER, 0, 6);
        uint96 lane = channels.laneForDelegate(RELAYER, 0);
        assertEq(token.balanceOf(PAYER), FUNDS, "the payer's");
        vm.prank(RELAYER);
        channels.topUpDelegate(route(lane), 1, 4);
        assertChannel(route(lane), channels.idOfChannel(route(lane), 1), 1, 10);
        assertEq(token.balanceOf(RELAYER), 0, "the delegate's");
    }

    function test_ADelegateOccupiesNoLaneOfThePayer() external {
        token.approve(address(channels), 1);
        channels.createChannelDelegate(PAYER, PAYEE, SIGNER, 0, 1);
        open(0, 1 ether);
    }

    function test_TopUpsAddAndNameTheirChannel() external {
        bytes32 id = open(0, 1 ether);
        vm.prank(PAYER);
        channels.topUp(PAYEE, SIGNER, 0, 1, 2 ether);
        assertChannel(route(0), id, 1, 3 ether);
        vm.prank(PAYER);
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_NotOpen.selector);
        channels.topUp(PAYEE, SIGNER, 0, 2, 2 ether);
        bytes32 typeHash = keccak256("TopUp(bytes32 channel,uint256 added,bytes32 salt)");
        bytes32 nonce = toDigest(
            channels.domainSeparator(), keccak256(abi.encode(typeHash, id, 4 ether, bytes32("salt")))
        );
        uint256 until = block.timestamp + 1;
        Signature memory signature = authorize(PAYER_KEY, address(channels), 4 ether, until, nonce);
        channels.topUpWithAuthorization(route(0), 1, 4 ether, "salt", until, signature);
        assertChannel(route(0), id, 1, 7 ether);
        vm.expectRevert(abi.encodeWithSignature("ERC3009UsedAuthorization(address,bytes32)", PAYER, nonce));
        channels.topUpWithAuthorization(route(0), 1, 4 ether, "salt", until, signature);
    }

    function test_AnOpenLaneIsNotOpenedAgain() external {
        bytes32 id = open(0, 1 ether);
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Exists.selector, id));
        channels.createChannel(PAYEE, SIGNER, 0, 1 ether);
    }

    function test_NothingAndNobodyAreRefused() external {
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_BadDeposit.selector, 0));
        channels.createChannel(PAYEE, SIGNER, 0, 0);
        vm.prank(PAYER);
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_BadRoute.selector);
        channels.createChannel(address(0), SIGNER, 0, 1);
        vm.prank(PAYER);
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_BadRoute.selector);
        channels.createChannel(PAYEE, address(0), 0, 1);
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_BadDeposit.selector, 1 << 88));
        channels.createChannel(PAYEE, SIGNER, 0, 1 << 88);
    }

    function test_AnAcceptanceOpensOnceWithTheDepositForTheWholeLength() external {
        IPaymentChannelsTypes.Acceptance memory terms = acceptance();
        Signature memory yes = sign(PAYEE_KEY, digestAcceptance(terms));
        vm.prank(PAYER);
        bytes32 id = channels.openWithTerms(terms, yes);
        uint96 lane = channels.laneOfTerms(terms);
        assertChannel(route(lane), id, 1, 6 ether);
        vm.recordLogs();
        channels.cooperativeClose(route(lane), 1.5 ether, proof(id, 1.5 ether), closing(id, 1.5 ether));
        assertEq(abi.decode(vm.getRecordedLogs()[1].data, (uint256)), 150, "seconds paid");
        bytes32 next = channels.idOfChannel(route(lane), 2);
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Exists.selector, next));
        channels.openWithTerms(terms, yes);
    }

    function test_AnAcceptanceByAuthorizationAndByTransferAndCall() external {
        IPaymentChannelsTypes.Acceptance memory terms = acceptance();
        bytes32 digest = digestAcceptance(terms);
        uint256 until = terms.validUntil;
        Signature memory paid = authorize(PAYER_KEY, address(channels), 6 ether, until, digest);
        channels.openWithTermsByAuthorization(terms, sign(PAYEE_KEY, digest), until, paid);
        terms.bid = keccak256("another");
        bytes memory data = abi.encode(terms, sign(PAYEE_KEY, digestAcceptance(terms)));
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_BadDeposit.selector, 5 ether));
        token.transferAndCall(address(channels), 5 ether, data);
        vm.prank(PAYER);
        token.transferAndCall(address(channels), 6 ether, data);
        uint96 lane = channels.laneOfTerms(terms);
        assertChannel(route(lane), channels.idOfChannel(route(lane), 1), 1, 6 ether);
    }

    function test_AVoidForeignOrUnsignedAcceptanceIsRefused() external {
        IPaymentChannelsTypes.Acceptance memory terms = acceptance();
        Signature memory yes = sign(PAYEE_KEY, digestAcceptance(terms));
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_NotAllowed.selector, address(this))
        );
        channels.openWithTerms(terms, yes);
        terms.rate += 1;
        vm.prank(PAYER);
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_BadSignature.selector);
        channels.openWithTerms(terms, yes);
        terms.rate -= 1;
        vm.warp(terms.validUntil);
        vm.prank(PAYER);
        vm.expectRevert(
            abi.encodeWithSelector(IPaymentChannelsTypes.PaymentChannels_Expired.selector, terms.validUntil)
        );
        channels.openWithTerms(terms, yes);
    }

    function testFuzz_ADepositIsTakenWhole(uint88 deposit, uint96 lane) external {
        deposit = uint88(bound(deposit, 1, FUNDS));
        bytes32 id = open(lane, deposit);
        assertChannel(route(lane), id, 1, deposit);
        assertEq(token.balanceOf(address(channels)), deposit, "held");
    }

    function assertChannel(IPaymentChannelsTypes.Route memory which, bytes32 id, uint256 counter, uint256 deposit)
        private
        view
    {
        IPaymentChannelsTypes.Channel memory channel = channels.channelOf(which);
        assertEq(channel.id, id, "id");
        assertEq(channel.counter, counter, "counter");
        assertEq(channel.deposit, deposit, "deposit");
        assertEq(channel.end, 0, "end");
    }
}
