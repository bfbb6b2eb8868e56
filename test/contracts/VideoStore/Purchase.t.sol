// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

/// @dev A wallet that is a contract and agrees to one digest.
contract ContractWallet is IERC1271 {
    bytes32 private immutable _agreed;

    constructor(bytes32 agreed) {
        _agreed = agreed;
    }

    function isValidSignature(bytes32 digest, bytes calldata) external view returns (bytes4) {
        return digest == _agreed ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

contract VideoStorePurchaseTest is StoreFixture {
    function setUp() external {
        deploy();
    }

    function test_AnAllowanceOpensAPurchaseAndTakesExactlyEscrowAndRelayFee() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        order.relayFee = 0.5 ether;
        uint256 before = token.balanceOf(BUYER);
        bytes32 nonce = buy(order, SIGNER_KEY);
        assertEq(before - token.balanceOf(BUYER), escrowOf(order.deal) + 0.5 ether, "buyer");
        assertEq(token.balanceOf(address(store)), escrowOf(order.deal), "store");
        assertEq(token.balanceOf(RELAYER), 0.5 ether, "relayer");
        IVideoStoreTypes.Purchase memory purchase = store.purchaseOf(nonce);
        assertEq(purchase.buyer, BUYER, "buyer of the word");
        assertEq(purchase.byteCount, 0, "bytes");
        assertEq(purchase.escrowEnd, block.timestamp + 3 * PERIOD, "end");
        assertEq(purchase.depth, 0, "depth");
        assertTrue(!purchase.closing && !purchase.reclaimed, "open");
    }

    function test_AnAuthorizationOpensAPurchaseWithoutAllowance() external {
        vm.prank(BUYER);
        token.approve(address(store), 0);
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        order.relayFee = 7;
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = signAuthorization(order, node);
        vm.prank(RELAYER);
        bytes32 nonce = store.purchaseWithAuthorization(order, node, wallet);
        assertEq(token.balanceOf(address(store)), escrowOf(order.deal), "store");
        assertEq(token.balanceOf(RELAYER), 7, "relayer");
        assertEq(store.purchaseOf(nonce).buyer, BUYER, "buyer");
    }

    function test_AnAuthorizationSentStraightToTheTokenIsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = signAuthorization(order, node);
        bytes32 digest = digestOrder(order, node);
        uint256 value = escrowOf(order.deal);
        vm.expectRevert(abi.encodeWithSignature("ERC20InvalidReceiver(address)", address(store)));
        token.receiveWithAuthorization(
            BUYER,
            address(store),
            value,
            0,
            order.validUntil,
            digest,
            uint8(27 + (uint256(wallet.vs) >> 255)),
            wallet.r,
            bytes32(uint256(wallet.vs) & ((1 << 255) - 1))
        );
    }

    function test_AnAuthorizationForAnotherOrderIsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = signAuthorization(order, node);
        order.deal.affiliate = RELAYER;
        vm.expectRevert(abi.encodeWithSignature("ERC3009InvalidSignature()"));
        store.purchaseWithAuthorization(order, node, wallet);
    }

    function test_AnOrderServesOnce() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        bytes32 nonce = buy(order, SIGNER_KEY);
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_Exists.selector, nonce));
        store.purchase(order, node, wallet);
    }

    function test_NobodySquatsThePurchaseOfAnother() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        // The same deal, host and key, but another buyer: the key's signature is not for that one.
        IVideoStoreTypes.Order memory squat = pinnedOrder(SIZE, "salt");
        uint256 squatterKey = 0x5104;
        squat.buyer = vm.addr(squatterKey);
        token.transfer(squat.buyer, 10 ether);
        vm.prank(squat.buyer);
        token.approve(address(store), type(uint256).max);
        Signature memory wallet = sign(squatterKey, digestOrder(squat, node));
        bytes32 squatted = store.purchase(squat, node, wallet);
        bytes32 nonce = buy(order, SIGNER_KEY);
        assertTrue(squatted != nonce, "another name");
        assertEq(store.purchaseOf(nonce).buyer, BUYER, "the buyer's own");
    }

    function test_AReclaimedPurchaseIsNotOpenedAgain() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        order.validUntil = uint40(block.timestamp + 10 * PERIOD);
        bytes32 nonce = buy(order, SIGNER_KEY);
        vm.warp(block.timestamp + 3 * PERIOD);
        store.reclaim(order.deal, vm.addr(SIGNER_KEY), order.allotments, address(0));
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_Exists.selector, nonce));
        store.purchase(order, node, wallet);
    }

    function test_AnEditBetweenOrderAndPurchaseMakesItFail() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.prank(OWNER);
        videos.edit(id, aDocument(), formats(PRICE + 1));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_TermsChanged.selector, id, CMAF));
        store.purchase(order, node, wallet);
    }

    function test_AnEditLeavesAnOpenPurchaseAlone() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        bytes32 nonce = buy(order, SIGNER_KEY);
        vm.prank(OWNER);
        videos.edit(id, aDocument(), formats(PRICE * 2));
        settleOne(order.deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, SIZE));
        (uint256 gross, uint256 affiliate, uint256 avatar) = sharesOf(order.deal, SIZE);
        assertEq(gross, PRICE, "gross");
        assertEq(token.balanceOf(OWNER), PRICE - affiliate - avatar, "owner");
    }

    function test_AVoidOrderIsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        order.validUntil = uint40(block.timestamp);
        expectRefusal(order, abi.encodeWithSelector(IVideoStoreTypes.VideoStore_OrderExpired.selector, order.validUntil));
    }

    function test_AllotmentsAboveCapacityAreRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        order.deal.capacity = SIZE - 1;
        expectRefusal(order, abi.encodeWithSelector(IVideoStoreTypes.VideoStore_BadAllotments.selector));
    }

    function test_ATreeDeeperThan32IsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        order.deal.depth = 33;
        expectRefusal(order, abi.encodeWithSelector(IVideoStoreTypes.VideoStore_BadAllotments.selector));
    }

    function test_ATtlBelowThreePeriodsIsRefused() external {
        store = new VideoStore(token, videos, registry, PERIOD + 1);
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        expectRefusal(order, abi.encodeWithSelector(IVideoStoreTypes.VideoStore_BadTtl.selector, 3 * PERIOD));
    }

    function test_SomebodyElsesSignatureIsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = sign(BUYER_KEY + 1, digestOrder(order, node));
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadWalletSignature.selector);
        store.purchase(order, node, wallet);
    }

    function test_TheZeroAddressCannotBuy() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        order.buyer = address(0);
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadWalletSignature.selector);
        store.purchase(order, node, Signature(0, 0));
    }

    function test_AnInvalidNodeSignatureIsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = Signature(0, 0);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadNodeSignature.selector);
        store.purchase(order, node, wallet);
    }

    function test_AnOrderForAnotherStoreOrChainIsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        VideoStore other = new VideoStore(token, videos, registry, PERIOD);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadWalletSignature.selector);
        other.purchase(order, node, wallet);
        vm.chainId(5);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadWalletSignature.selector);
        store.purchase(order, node, wallet);
    }

    function test_AContractWalletAgreesByErc1271() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        // The digest names the buyer, so the wallet's code comes after its address is known.
        order.buyer = address(0xC0DE);
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        vm.etch(order.buyer, address(new ContractWallet(digestOrder(order, node))).code);
        token.transfer(order.buyer, 10 ether);
        vm.prank(order.buyer);
        token.approve(address(store), 10 ether);
        bytes32 nonce = store.purchase(order, node, Signature(0, 0));
        assertEq(store.purchaseOf(nonce).buyer, order.buyer, "buyer");
        // Another order has another digest, to which this wallet did not agree.
        order.deal.capacity += 1;
        node = signNodeKey(order, SIGNER_KEY);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadWalletSignature.selector);
        store.purchase(order, node, Signature(0, 0));
    }

    function test_ATooLowBalanceOpensNothing() external {
        vm.prank(BUYER);
        token.transfer(OWNER, 99_999.5 ether);
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(
            abi.encodeWithSignature(
                "ERC20InsufficientBalance(address,uint256,uint256)", BUYER, 0.5 ether, escrowOf(order.deal)
            )
        );
        store.purchase(order, node, wallet);
        bytes32 nonce =
            store.nonceOf(store.hashDeal(order.deal), vm.addr(SIGNER_KEY), order.allotments, address(0));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_UnknownPurchase.selector, nonce));
        store.purchaseOf(nonce);
    }

    function testFuzz_ABuyerPaysWhatTheOrderSaysAndNoMore(uint40 capacity, uint96 relayFee, bytes32 salt) external {
        capacity = uint40(bound(capacity, 0, 1 << 38));
        IVideoStoreTypes.Order memory order = pinnedOrder(capacity, salt);
        order.relayFee = uint96(bound(relayFee, 0, 1000 ether));
        uint256 before = token.balanceOf(BUYER);
        buy(order, SIGNER_KEY);
        uint256 expected = uint256(PRICE) + uint256(capacity) * FEE + order.relayFee;
        assertEq(before - token.balanceOf(BUYER), expected, "taken");
    }

    function expectRefusal(IVideoStoreTypes.Order memory order, bytes memory reason) private {
        Signature memory node = signNodeKey(order, SIGNER_KEY);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(reason);
        store.purchase(order, node, wallet);
    }
}
