// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

contract VideoStoreCloseTest is StoreFixture {
    Deal private deal;
    bytes32 private nonce;
    bytes32 private dealHash;
    bytes32 private word;
    address private signer;

    function setUp() external {
        deploy();
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        nonce = buy(order, SIGNER_KEY);
        deal = order.deal;
        dealHash = store.hashDeal(deal);
        word = order.allotments;
        signer = vm.addr(SIGNER_KEY);
    }

    function test_TheBuyerEndsAPurchaseAPeriodLater() external {
        vm.prank(BUYER);
        store.requestClose(dealHash, signer, word, address(0));
        assertEq(store.escrowEnd(nonce), block.timestamp + PERIOD, "end");
        assertTrue(store.purchaseOf(nonce).closing, "closing");
    }

    function test_TheSignerEndsItToo() external {
        vm.prank(signer);
        store.requestClose(dealHash, signer, word, address(0));
        assertEq(store.escrowEnd(nonce), block.timestamp + PERIOD, "end");
    }

    function test_AnybodySendsTheSignatureOfEither() external {
        closeBySignature(SIGNER_KEY);
        assertEq(store.escrowEnd(nonce), block.timestamp + PERIOD, "end");
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "other");
        bytes32 other = buy(order, SIGNER_KEY + 1);
        Signature memory signature = signRequestClose(BUYER_KEY, other);
        store.requestCloseBySignature(dealHash, vm.addr(SIGNER_KEY + 1), word, address(0), signature);
        assertTrue(store.purchaseOf(other).closing, "closing");
    }

    function test_NobodyElseEndsIt() external {
        vm.prank(OWNER);
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.requestClose(dealHash, signer, word, address(0));
        Signature memory signature = signRequestClose(SIGNER_KEY + 1, nonce);
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.requestCloseBySignature(dealHash, signer, word, address(0), signature);
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.requestCloseBySignature(dealHash, signer, word, address(0), Signature(0, 0));
    }

    function test_ANameWithSomebodyAsItsBuyerIsUnknown() external {
        bytes32 other = store.nonceOf(dealHash, signer, word, RELAYER);
        vm.prank(RELAYER);
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_UnknownPurchase.selector, other));
        store.requestClose(dealHash, signer, word, RELAYER);
    }

    function test_AReceiptSignatureClosesNothing() external {
        Signature memory signature = signReceipt(SIGNER_KEY, nonce, 0, 1);
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.requestCloseBySignature(dealHash, signer, word, address(0), signature);
    }

    function test_ASecondRequestMovesNothing() external {
        closeBySignature(SIGNER_KEY);
        uint256 end = store.escrowEnd(nonce);
        vm.warp(block.timestamp + PERIOD / 2);
        Signature memory signature = signRequestClose(BUYER_KEY, nonce);
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_Closing.selector, nonce));
        store.requestCloseBySignature(dealHash, signer, word, address(0), signature);
        assertEq(store.escrowEnd(nonce), end, "end");
    }

    function test_ALateRequestDoesNotPutTheEndOff() external {
        uint256 end = store.escrowEnd(nonce);
        vm.warp(end - 1);
        closeBySignature(SIGNER_KEY);
        assertEq(store.escrowEnd(nonce), end, "end");
    }

    function test_AfterTheEndThereIsNothingToClose() external {
        vm.warp(store.escrowEnd(nonce));
        Signature memory signature = signRequestClose(BUYER_KEY, nonce);
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_Closing.selector, nonce));
        store.requestCloseBySignature(dealHash, signer, word, address(0), signature);
    }

    function test_HostsSettleWhileItCloses() external {
        closeBySignature(SIGNER_KEY);
        vm.warp(block.timestamp + PERIOD - 1);
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 5_000_000));
        assertEq(store.paidBytes(nonce, 0), 5_000_000, "bytes");
        assertTrue(store.purchaseOf(nonce).closing, "closing still");
    }

    function test_ReclaimReturnsWhatNobodyEarned() external {
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 5_000_000));
        closeBySignature(SIGNER_KEY);
        vm.warp(block.timestamp + PERIOD);
        uint256 before = token.balanceOf(BUYER);
        vm.prank(RELAYER);
        store.reclaim(deal, signer, word, address(0));
        (uint256 gross,,) = sharesOf(deal, 5_000_000);
        assertEq(token.balanceOf(BUYER) - before, escrowOf(deal) - gross - 5_000_000 * uint256(FEE), "returned");
        assertEq(token.balanceOf(address(store)), 0, "store");
        assertTrue(store.purchaseOf(nonce).reclaimed, "reclaimed");
    }

    function test_ReclaimBeforeTheEndIsRefused() external {
        uint256 end = store.escrowEnd(nonce);
        vm.warp(end - 1);
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_NotEnded.selector, end));
        store.reclaim(deal, signer, word, address(0));
    }

    function test_ReclaimHappensOnce() external {
        buy(pinnedOrder(SIZE, "another purchase's escrow"), SIGNER_KEY + 1);
        vm.warp(store.escrowEnd(nonce));
        store.reclaim(deal, signer, word, address(0));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_AlreadyReclaimed.selector, nonce));
        store.reclaim(deal, signer, word, address(0));
        assertEq(token.balanceOf(address(store)), escrowOf(deal), "the other's");
    }

    function test_ReclaimWithOtherTermsIsUnknown() external {
        vm.warp(store.escrowEnd(nonce));
        deal.terms.price *= 2;
        bytes32 other = store.nonceOf(store.hashDeal(deal), signer, word, address(0));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_UnknownPurchase.selector, other));
        store.reclaim(deal, signer, word, address(0));
    }

    function test_AReclaimedPurchaseIsNotPaidFor() external {
        buy(pinnedOrder(SIZE, "another purchase's escrow"), SIGNER_KEY + 1);
        vm.warp(store.escrowEnd(nonce));
        store.reclaim(deal, signer, word, address(0));
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 5_000_000));
        assertEq(token.balanceOf(hostOf(0).payout), 0, "host");
    }

    function closeBySignature(uint256 key) private {
        Signature memory signature = signRequestClose(key, nonce);
        vm.prank(RELAYER);
        store.requestCloseBySignature(dealHash, signer, word, address(0), signature);
    }
}
