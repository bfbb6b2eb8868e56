// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiAvatar} from "../../../contracts/ParatiiAvatar.sol";
import {IPaymentChannelsTypes} from "../../../contracts/interfaces/IPaymentChannelsTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {ChannelFixture} from "../support/ChannelFixture.sol";

/// @dev Refuses ether, as a hostile receiver does.
contract Miser {}

contract ParatiiAvatarTest is ChannelFixture {
    address private constant _OPERATOR = address(0x0DE7);
    ParatiiAvatar private _avatar;

    function setUp() external {
        deploy();
        _avatar = new ParatiiAvatar(token, channels, address(this));
        _avatar.setOperator(_OPERATOR, true);
        vm.prank(PAYER);
        token.approve(address(_avatar), type(uint256).max);
        vm.prank(PAYER);
        token.setManaged(true);
        vm.prank(PAYER);
        _avatar.setMandate(PAYEE, SIGNER, 10 ether, 4 ether);
    }

    function test_AnOperatorDepositsIntoAChannelToTheUsersPaywall() external {
        vm.prank(_OPERATOR);
        bytes32 id = _avatar.deposit(PAYER, 0, 3 ether);
        IPaymentChannelsTypes.Route memory which = route(channels.laneForDelegate(address(_avatar), 0));
        assertEq(channels.channelOf(which).id, id, "channel");
        vm.prank(_OPERATOR);
        _avatar.topUp(PAYER, 0, 1, 1 ether);
        assertEq(channels.channelOf(which).deposit, 4 ether, "deposit");
        assertEq(token.balanceOf(address(_avatar)), 0, "nothing stays");
        vm.prank(PAYER);
        channels.uncooperativeClose(which, 0);
        vm.warp(vm.getBlockTimestamp() + PERIOD);
        channels.settle(which);
        assertEq(token.balanceOf(PAYER), FUNDS, "the user can always close");
    }

    function test_TotalAndDailyLimitsHold() external {
        vm.prank(_OPERATOR);
        _avatar.deposit(PAYER, 0, 4 ether);
        expectAboveLimit(0);
        vm.prank(_OPERATOR);
        _avatar.deposit(PAYER, 1, 1);
        vm.warp(vm.getBlockTimestamp() + 1 days);
        vm.prank(_OPERATOR);
        _avatar.deposit(PAYER, 1, 4 ether);
        vm.warp(vm.getBlockTimestamp() + 1 days);
        expectAboveLimit(2 ether);
        vm.prank(_OPERATOR);
        _avatar.deposit(PAYER, 2, 3 ether);
        vm.prank(_OPERATOR);
        _avatar.deposit(PAYER, 2, 2 ether);
        assertEq(_avatar.mandateOf(PAYER).spent, 10 ether, "spent");
    }

    function test_LeavingEndsEveryPowerAtOnce() external {
        vm.prank(_OPERATOR);
        _avatar.deposit(PAYER, 0, 1 ether);
        vm.prank(PAYER);
        token.setManaged(false);
        vm.prank(_OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_NotManaged.selector, PAYER));
        _avatar.deposit(PAYER, 1, 1);
        vm.prank(_OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_NotManaged.selector, PAYER));
        _avatar.topUp(PAYER, 0, 1, 1);
    }

    function test_AnOperatorMovesAManagedUsersTokensNowhereElse() external {
        // There is no other way out than deposit and topUp, and spendTokens wants the user's signature.
        Signature memory forged = sign(SIGNER_KEY, spendDigest("SpendTokens", RELAYER, 1, 0));
        vm.prank(_OPERATOR);
        vm.expectRevert(ParatiiAvatar.ParatiiAvatar_BadSignature.selector);
        _avatar.spendTokens(PAYER, RELAYER, 1, "gift", block.timestamp, forged);
        vm.prank(_OPERATOR);
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", _OPERATOR));
        _avatar.distribute(new address[](0), new uint256[](0), "");
        vm.prank(_OPERATOR);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", _OPERATOR, 0, 1)
        );
        token.transferFrom(PAYER, _OPERATOR, 1);
        // The signer of the channel's proofs is the user's choice, so that the operator signs none.
        vm.prank(_OPERATOR);
        bytes32 id = _avatar.deposit(PAYER, 0, 1 ether);
        Signature memory operators = sign(0x0DE7, digestOf("BalanceProof", id, 1 ether));
        uint96 lane = channels.laneForDelegate(address(_avatar), 0);
        vm.expectRevert(IPaymentChannelsTypes.PaymentChannels_BadSignature.selector);
        channels.withdraw(route(lane), 1 ether, operators);
    }

    function test_OnlyOperatorsRelay() external {
        vm.expectRevert(
            abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_NotOperator.selector, address(this))
        );
        _avatar.deposit(PAYER, 0, 1);
        _avatar.setOperator(_OPERATOR, false);
        vm.prank(_OPERATOR);
        vm.expectRevert(abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_NotOperator.selector, _OPERATOR));
        _avatar.topUp(PAYER, 0, 1, 1);
        vm.prank(RELAYER);
        vm.expectRevert(abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", RELAYER));
        _avatar.setOperator(RELAYER, true);
    }

    function test_AMandateIsSetBySignatureOnce() external {
        bytes32 typeHash = keccak256(
            "SetMandate(address user,address paywall,address signer,uint96 total,uint96 daily,uint256 nonce,uint256 deadline)"
        );
        uint256 deadline = vm.getBlockTimestamp();
        bytes32 structHash =
            keccak256(abi.encode(typeHash, PAYER, RELAYER, SIGNER, uint96(5), uint96(2), 0, deadline));
        Signature memory signature = sign(PAYER_KEY, toDigest(_avatar.domainSeparator(), structHash));
        _avatar.setMandateBySignature(PAYER, RELAYER, SIGNER, 5, 2, deadline, signature);
        assertEq(_avatar.mandateOf(PAYER).paywall, RELAYER, "paywall");
        vm.expectRevert(ParatiiAvatar.ParatiiAvatar_BadSignature.selector);
        _avatar.setMandateBySignature(PAYER, RELAYER, SIGNER, 5, 2, deadline, signature);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_Expired.selector, deadline));
        _avatar.setMandateBySignature(PAYER, RELAYER, SIGNER, 5, 2, deadline, signature);
    }

    function test_AnOperatorSpendsWhatAUserSigned() external {
        Signature memory tokens = sign(PAYER_KEY, spendDigest("SpendTokens", RELAYER, 5, 0));
        vm.prank(_OPERATOR);
        _avatar.spendTokens(PAYER, RELAYER, 5, "gift", block.timestamp, tokens);
        assertEq(token.balanceOf(RELAYER), 5, "tokens");
        vm.deal(PAYER, 1 ether);
        vm.prank(PAYER);
        (bool ok,) = address(_avatar).call{value: 1 ether}("");
        assertTrue(ok, "received");
        Signature memory coins = sign(PAYER_KEY, spendDigest("SpendEther", RELAYER, 0.4 ether, 1));
        vm.prank(_OPERATOR);
        _avatar.spendEther(PAYER, payable(RELAYER), 0.4 ether, "gift", block.timestamp, coins);
        assertEq(RELAYER.balance, 0.4 ether, "ether");
        vm.prank(PAYER);
        _avatar.withdrawEther(payable(PAYER), 0.6 ether);
        assertEq(_avatar.etherOf(PAYER), 0, "all of it");
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_TooLittleEther.selector, 0));
        _avatar.withdrawEther(payable(PAYER), 1);
    }

    function test_AReceiverThatRefusesEtherLosesNobodyAnything() external {
        address miser = address(new Miser());
        vm.deal(PAYER, 1);
        vm.prank(PAYER);
        (bool ok,) = address(_avatar).call{value: 1}("");
        assertTrue(ok, "received");
        vm.prank(PAYER);
        vm.expectRevert(abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_Refused.selector, miser));
        _avatar.withdrawEther(payable(miser), 1);
        assertEq(_avatar.etherOf(PAYER), 1, "still there");
    }

    function test_TheOwnerDistributesWhatWasCollected() external {
        token.transfer(address(_avatar), 10);
        (address[] memory to, uint256[] memory amounts) = (new address[](2), new uint256[](2));
        (to[0], to[1], amounts[0], amounts[1]) = (RELAYER, PAYEE, 7, 3);
        _avatar.distribute(to, amounts, "spring");
        assertEq(token.balanceOf(RELAYER) + token.balanceOf(PAYEE), 10, "distributed");
        vm.expectRevert(ParatiiAvatar.ParatiiAvatar_BadLength.selector);
        _avatar.distribute(to, new uint256[](1), "");
    }

    /// @dev Invariant 7, by fuzz: whatever an operator tries, the user's tokens are its own, in a channel of its own to its
    /// paywall, within both limits.
    function testFuzz_TheUsersTokensAreItsOwnOrInItsChannels(uint96[6] calldata amounts, uint8[6] calldata days_)
        external
    {
        uint256 deposited;
        for (uint96 i; i < 6; ++i) {
            vm.warp(vm.getBlockTimestamp() + uint256(days_[i] % 3) * 1 days);
            uint96 amount = uint96(bound(amounts[i], 1, 6 ether));
            vm.prank(_OPERATOR);
            try _avatar.deposit(PAYER, i, amount) {
                deposited += amount;
            } catch {}
        }
        assertTrue(deposited <= 10 ether, "within the total");
        assertEq(token.balanceOf(PAYER) + deposited, FUNDS, "the user's");
        assertEq(token.balanceOf(address(channels)), deposited, "in channels");
    }

    function spendDigest(string memory kind, address to, uint256 amount, uint256 nonce)
        private
        view
        returns (bytes32)
    {
        bytes32 typeHash = keccak256(
            abi.encodePacked(
                kind, "(address user,address to,uint256 amount,string description,uint256 nonce,uint256 deadline)"
            )
        );
        return toDigest(
            _avatar.domainSeparator(),
            keccak256(abi.encode(typeHash, PAYER, to, amount, keccak256("gift"), nonce, block.timestamp))
        );
    }

    function expectAboveLimit(uint96 left) private {
        vm.expectRevert(abi.encodeWithSelector(ParatiiAvatar.ParatiiAvatar_AboveLimit.selector, left));
    }
}
