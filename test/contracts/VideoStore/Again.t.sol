// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

contract VideoStoreAgainTest is StoreFixture {
    Deal private _deal;
    bytes32 private _nonce;

    function setUp() external {
        deploy();
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "first");
        _deal = order.deal;
        _nonce = buy(order, SIGNER_KEY);
    }

    function test_WhoPaidTheWholePriceBuysAgainForHostsFees() external {
        settleOne(_deal, SIZE, pinnedReceipt(_nonce, SIGNER_KEY, SIZE));
        assertTrue(store.owns(BUYER, _deal, vm.addr(SIGNER_KEY), pinnedWord(SIZE), address(0)), "owns");
        uint256 before = token.balanceOf(BUYER);
        uint256 earned = token.balanceOf(OWNER);
        bytes32 nonce = buyAgain(freeOrder(), PRICE);
        assertEq(before - token.balanceOf(BUYER), uint256(SIZE) * FEE, "fees alone");
        settleOne(freeOrder().deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY + 1, SIZE));
        assertEq(token.balanceOf(OWNER), earned, "no second price");
        assertEq(token.balanceOf(hostOf(0).payout), 2 * uint256(SIZE) * FEE, "the host twice");
        assertEq(token.balanceOf(address(store)), 0, "store");
    }

    function test_ItStaysSoAfterTheFirstPurchaseEnded() external {
        settleOne(_deal, SIZE, pinnedReceipt(_nonce, SIGNER_KEY, SIZE));
        vm.warp(store.escrowEnd(_nonce));
        store.reclaim(_deal, vm.addr(SIGNER_KEY), pinnedWord(SIZE), address(0));
        buyAgain(freeOrder(), PRICE);
    }

    function test_AnAuthorizationBuysAgain() external {
        settleOne(_deal, SIZE, pinnedReceipt(_nonce, SIGNER_KEY, SIZE));
        IVideoStoreTypes.Order memory order = freeOrder();
        Signature memory node = signNodeKey(order, SIGNER_KEY + 1);
        store.purchaseAgainWithAuthorization(order, PRICE, prior(), node, signAuthorization(order, node));
    }

    function test_WhoPaidLessBuysNothingAgain() external {
        settleOne(_deal, SIZE, pinnedReceipt(_nonce, SIGNER_KEY, SIZE - 1));
        expectNotOwned(freeOrder(), prior());
    }

    function test_NeitherAnothersPurchaseNorOtherContentWillDo() external {
        settleOne(_deal, SIZE, pinnedReceipt(_nonce, SIGNER_KEY, SIZE));
        IVideoStoreTypes.Prior memory other = prior();
        other.signer = address(1);
        expectNotOwned(freeOrder(), other);
        IVideoStoreTypes.Order memory order = freeOrder();
        order.deal.terms.root = keccak256("another film");
        expectNotOwned(order, prior());
        order = freeOrder();
        order.deal.terms.price = 1;
        expectNotOwned(order, prior());
    }

    function test_TheRestOfTheTermsAreTheRegistrys() external {
        settleOne(_deal, SIZE, pinnedReceipt(_nonce, SIGNER_KEY, SIZE));
        IVideoStoreTypes.Order memory order = freeOrder();
        Signature memory node = signNodeKey(order, SIGNER_KEY + 1);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_TermsChanged.selector, id, CMAF));
        store.purchaseAgain(order, PRICE - 1, prior(), node, wallet);
        order.deal.terms.fee = 0;
        node = signNodeKey(order, SIGNER_KEY + 1);
        wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_TermsChanged.selector, id, CMAF));
        store.purchaseAgain(order, PRICE, prior(), node, wallet);
    }

    function test_AFreeOrderOpensNothingByTheOrdinaryWay() external {
        IVideoStoreTypes.Order memory order = freeOrder();
        Signature memory node = signNodeKey(order, SIGNER_KEY + 1);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_TermsChanged.selector, id, CMAF));
        store.purchase(order, node, wallet);
    }

    function test_TransferAndCallBuysWithoutASignatureOfTheWallet() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "by transfer");
        bytes memory data = abi.encode(order, signNodeKey(order, SIGNER_KEY + 1));
        vm.prank(BUYER);
        token.transferAndCall(address(store), escrowOf(order.deal), data);
        bytes32 nonce = store.nonceOf(
            store.hashDeal(order.deal), vm.addr(SIGNER_KEY + 1), order.allotments, address(0)
        );
        assertEq(store.purchaseOf(nonce).buyer, BUYER, "opened");
        order.salt = "by fallback";
        data = abi.encode(order, signNodeKey(order, SIGNER_KEY + 2));
        vm.prank(BUYER);
        token.transfer(address(store), escrowOf(order.deal), data);
    }

    function test_TransferAndCallOfAnotherAmountSenderOrTokenIsRefused() external {
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "by transfer");
        bytes memory data = abi.encode(order, signNodeKey(order, SIGNER_KEY + 1));
        uint256 escrow = escrowOf(order.deal);
        vm.prank(BUYER);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadData.selector);
        token.transferAndCall(address(store), escrow - 1, data);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadData.selector);
        token.transferAndCall(address(store), escrow, data);
        vm.prank(BUYER);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadData.selector);
        token.transferAndCall(address(store), escrow, hex"00");
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.onTransferReceived(BUYER, BUYER, escrow, data);
    }

    function freeOrder() private view returns (IVideoStoreTypes.Order memory order) {
        order = pinnedOrder(SIZE, "again");
        order.deal.terms.price = 0;
    }

    function prior() private view returns (IVideoStoreTypes.Prior memory) {
        return IVideoStoreTypes.Prior({deal: _deal, signer: vm.addr(SIGNER_KEY), allotments: pinnedWord(SIZE)});
    }

    function buyAgain(IVideoStoreTypes.Order memory order, uint96 price) private returns (bytes32) {
        Signature memory node = signNodeKey(order, SIGNER_KEY + 1);
        return store.purchaseAgain(order, price, prior(), node, sign(BUYER_KEY, digestOrder(order, node)));
    }

    function expectNotOwned(IVideoStoreTypes.Order memory order, IVideoStoreTypes.Prior memory earlier) private {
        Signature memory node = signNodeKey(order, SIGNER_KEY + 1);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotOwned.selector);
        store.purchaseAgain(order, PRICE, earlier, node, wallet);
    }
}
