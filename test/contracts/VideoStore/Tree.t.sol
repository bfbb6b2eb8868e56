// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Allotments} from "../../../contracts/libraries/Allotments.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

contract VideoStoreTreeTest is StoreFixture {
    uint40 private constant CAP = 6_000_000;
    uint40 private constant CAPACITY = 30_000_000;

    bytes32[][] private tree;
    Deal private deal;
    bytes32 private nonce;

    function setUp() external {
        deploy();
        open(4, 2);
    }

    function test_EachHostOfSeveralIsPaidItsOwnBytes() external {
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](4);
        for (uint16 i; i < 4; ++i) {
            receipts[i] = receipt(i, 1_000_000 * (i + 1));
        }
        settle(receipts);
        for (uint32 i; i < 4; ++i) {
            assertEq(token.balanceOf(hostOf(i).payout), 1_000_000 * (uint256(i) + 1) * FEE, "host");
            assertEq(store.paidBytes(nonce, i), 1_000_000 * (i + 1), "lane");
        }
        assertEq(store.purchaseOf(nonce).byteCount, 10_000_000, "total");
        assertOwnerSide(10_000_000);
    }

    function test_ALaterReceiptPaysTheDifference() external {
        settleOneOf(receipt(1, 2_000_000));
        settleOneOf(receipt(1, 5_000_000));
        assertEq(token.balanceOf(hostOf(1).payout), 5_000_000 * uint256(FEE), "host");
        assertEq(store.paidBytes(nonce, 1), 5_000_000, "lane");
        assertOwnerSide(5_000_000);
    }

    function test_FromTheEndOnThereIsNothingToPay() external {
        IVideoStoreTypes.TreeReceipt memory late = receipt(1, 2_000_000);
        vm.warp(store.escrowEnd(nonce));
        settleOneOf(late);
        assertEq(store.paidBytes(nonce, 1), 0, "lane");
        assertEq(token.balanceOf(hostOf(1).payout), 0, "host");
    }

    function test_AMissingSiblingIsTheZeroWord() external {
        open(3, 2);
        settleOneOf(receipt(2, 1_000_000));
        assertEq(token.balanceOf(hostOf(2).payout), 1_000_000 * uint256(FEE), "host");
    }

    function test_LeavesBeyondTheWordHaveLanesOfTheirOwn() external {
        open(40, 6);
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](40);
        for (uint16 i; i < 40; ++i) {
            receipts[i] = receipt(i, 10_000 + i);
        }
        settle(receipts);
        settle(receipts);
        for (uint32 i; i < 40; ++i) {
            assertEq(store.paidBytes(nonce, i), 10_000 + i, "lane");
            assertEq(token.balanceOf(hostOf(i).payout), (10_000 + uint256(i)) * FEE, "host");
        }
    }

    function test_TheSameHostIsPaidOnceForOneLeaf() external {
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](3);
        receipts[0] = receipt(1, 3_000_000);
        receipts[1] = receipt(1, 2_000_000);
        receipts[2] = receipt(1, 3_000_000);
        settle(receipts);
        assertEq(token.balanceOf(hostOf(1).payout), 3_000_000 * uint256(FEE), "host");
    }

    function test_BytesAboveALeafsCapAreNotPaid() external {
        settleOneOf(receipt(1, CAP * 2));
        assertEq(token.balanceOf(hostOf(1).payout), uint256(CAP) * FEE, "host");
    }

    function test_AReceiptServesItsOwnLeafAlone() external {
        // Host 0 holds a receipt signed for leaf 0 and tries it at every other leaf.
        for (uint32 leaf = 1; leaf < 8; ++leaf) {
            IVideoStoreTypes.TreeReceipt memory moved = receipt(0, 1_000_000);
            moved.leaf = leaf;
            settleOneOf(moved);
        }
        assertNothingPaid();
    }

    function test_ABranchWithAnotherCapPayeeOrSiblingIsSkipped() external {
        IVideoStoreTypes.TreeReceipt memory bad = receipt(0, 1_000_000);
        bad.cap += 1;
        settleOneOf(bad);
        bad = receipt(0, 1_000_000);
        bad.payee = 1;
        settleOneOf(bad);
        bad = receipt(0, 1_000_000);
        bad.siblings[1] ^= bytes32(uint256(1));
        settleOneOf(bad);
        bad = receipt(0, 1_000_000);
        bad.siblings = new bytes32[](1);
        settleOneOf(bad);
        assertNothingPaid();
    }

    function test_SumsThatOverflowAreSkippedAndHarmNoOther() external {
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](2);
        receipts[0] = receipt(0, 1_000_000);
        receipts[0].siblings[0] = bytes32(uint256((1 << 40) - 1));
        receipts[1] = receipt(1, 1_000_000);
        settle(receipts);
        assertEq(token.balanceOf(hostOf(0).payout), 0, "bad");
        assertEq(token.balanceOf(hostOf(1).payout), 1_000_000 * uint256(FEE), "good");
    }

    /// @dev The buyer commits to two leaves that promise more than 40 bits hold, so that the sum wraps to what fits.
    function test_ARootWhoseSumWrappedPromisesNothing() external {
        uint40 all = type(uint40).max;
        bytes32 left = Allotments.leaf(0, hostOf(0).key, hostOf(0).payout, all);
        bytes32 digest;
        uint40 cap = 1_000_000;
        // Of the digests that the sum's carry, at bit 40, would change nothing of.
        while (uint256(digest) & (1 << 40) == 0) {
            digest = keccak256(abi.encodePacked(bytes1(0x01), left, Allotments.leaf(1, hostOf(1).key, hostOf(1).payout, ++cap)));
        }
        IVideoStoreTypes.Order memory order = pinnedOrder(CAPACITY, "wrapped");
        order.deal.depth = 1;
        order.allotments = bytes32((uint256(digest) & ~uint256(all)) | (cap - 1));
        bytes32 wrapped = buy(order, SIGNER_KEY);
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](1);
        receipts[0].cap = all;
        receipts[0].byteCount = CAPACITY + 1;
        receipts[0].hash = keccak256("blocks");
        receipts[0].signature = signReceipt(SIGNER_KEY, wrapped, 0, CAPACITY + 1);
        receipts[0].siblings = new bytes32[](1);
        receipts[0].siblings[0] = Allotments.leaf(1, hostOf(1).key, hostOf(1).payout, cap);
        settleTree(order.deal, SIGNER_KEY, order.allotments, 1, receipts);
        assertEq(token.balanceOf(hostOf(0).payout), 0, "nothing");
    }

    function test_ANodeDoesNotServeAsALeaf() external view {
        // The preimage of an inner node begins with another byte, so no payee can be read out of one.
        bytes32 leaf = Allotments.leaf(0, hostOf(0).key, hostOf(0).payout, 2 * CAP);
        assertTrue(leaf != tree[1][0], "another word");
    }

    function test_AnotherSignersReceiptIsSkipped() external {
        IVideoStoreTypes.TreeReceipt memory bad = receipt(0, 1_000_000);
        bad.signature = signReceipt(BUYER_KEY, nonce, 0, 1_000_000);
        settleOneOf(bad);
        assertNothingPaid();
    }

    function test_FurtherHostsArePaidFromTheSameEscrow() external {
        bytes32[][] memory further = treeOf(2, 3_000_000, 4, 2);
        store.allot(deal, signer(), BUYER, rootOf(tree), rootOf(further), signAllot(SIGNER_KEY, nonce, 1, rootOf(further)));
        assertEq(store.furtherAllotments(nonce)[0], rootOf(further), "kept");
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](2);
        receipts[0] = treeReceipt(nonce, SIGNER_KEY, further, 1, 5, 3_000_000, 2_000_000);
        receipts[1] = receipt(1, 1_000_000);
        settle(receipts);
        assertEq(token.balanceOf(hostOf(1).payout), 3_000_000 * uint256(FEE), "host, by both leaves");
        assertEq(store.paidBytes(nonce, 5), 2_000_000, "its lane");
    }

    function test_NoMoreIsAllottedThanTheEscrowHolds() external {
        bytes32[][] memory further = treeOf(3, 3_000_000, 4, 2);
        Signature memory signature = signAllot(SIGNER_KEY, nonce, 1, rootOf(further));
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadAllotments.selector);
        store.allot(deal, signer(), BUYER, rootOf(tree), rootOf(further), signature);
    }

    function test_FurtherAllotmentsAddUp() external {
        bytes32[][] memory further = treeOf(2, 2_000_000, 4, 2);
        store.allot(deal, signer(), BUYER, rootOf(tree), rootOf(further), signAllot(SIGNER_KEY, nonce, 1, rootOf(further)));
        Signature memory replayed = signAllot(SIGNER_KEY, nonce, 1, rootOf(further));
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadAllotments.selector);
        store.allot(deal, signer(), BUYER, rootOf(tree), rootOf(further), replayed);
        bytes32[][] memory third = treeOf(1, 2_000_000, 8, 2);
        replayed = signAllot(SIGNER_KEY, nonce, 1, rootOf(third));
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.allot(deal, signer(), BUYER, rootOf(tree), rootOf(third), replayed);
        store.allot(deal, signer(), BUYER, rootOf(tree), rootOf(third), signAllot(SIGNER_KEY, nonce, 2, rootOf(third)));
    }

    function test_NothingIsAllottedOnceACloseIsRequested() external {
        bytes32[][] memory further = treeOf(1, 1, 4, 2);
        store.requestCloseBySignature(
            store.hashDeal(deal), signer(), rootOf(tree), BUYER, signRequestClose(SIGNER_KEY, nonce)
        );
        Signature memory signature = signAllot(SIGNER_KEY, nonce, 1, rootOf(further));
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_Closing.selector, nonce));
        store.allot(deal, signer(), BUYER, rootOf(tree), rootOf(further), signature);
    }

    function test_WhatIsLeftReturnsToTheBuyerThatTheNameKnows() external {
        settleOneOf(receipt(0, CAP));
        vm.warp(block.timestamp + 3 * PERIOD);
        uint256 before = token.balanceOf(BUYER);
        store.reclaim(deal, signer(), rootOf(tree), BUYER);
        (uint256 gross,,) = sharesOf(deal, CAP);
        assertEq(token.balanceOf(BUYER) - before, escrowOf(deal) - gross - uint256(CAP) * FEE, "returned");
        assertEq(token.balanceOf(address(store)), 0, "empty");
    }

    function testFuzz_LanesNeverTouchEachOther(uint40[4] memory counts, uint8 order) external {
        for (uint256 i; i < 8; ++i) {
            uint16 host = uint16((i + order) % 4);
            settleOneOf(receipt(host, uint40(bound(counts[(i * 3) % 4], 0, uint256(CAP) + 10))));
        }
        uint256 total;
        for (uint32 i; i < 4; ++i) {
            uint256 paid = store.paidBytes(nonce, i);
            assertEq(token.balanceOf(hostOf(i).payout), paid * FEE, "host");
            total += paid;
        }
        assertEq(store.purchaseOf(nonce).byteCount, total, "total");
        assertOwnerSide(total);
    }

    function open(uint256 hosts, uint8 depth) private {
        tree = treeOf(hosts, hosts > 5 ? CAPACITY / uint40(hosts) : CAP, 0, depth);
        IVideoStoreTypes.Order memory order = treeOrder(tree, CAPACITY, bytes32(hosts));
        nonce = buy(order, SIGNER_KEY);
        deal = order.deal;
    }

    function capOf(uint16 host) private view returns (uint40) {
        return uint40(Allotments.sum(tree[0][host]));
    }

    function receipt(uint16 host, uint40 byteCount) private view returns (IVideoStoreTypes.TreeReceipt memory) {
        return treeReceipt(nonce, SIGNER_KEY, tree, host, host, capOf(host), byteCount);
    }

    function settle(IVideoStoreTypes.TreeReceipt[] memory receipts) private {
        settleTree(deal, SIGNER_KEY, rootOf(tree), 64, receipts);
    }

    function settleOneOf(IVideoStoreTypes.TreeReceipt memory one) private {
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](1);
        receipts[0] = one;
        settle(receipts);
    }

    function signer() private pure returns (address) {
        return vm.addr(SIGNER_KEY);
    }

    function assertNothingPaid() private view {
        assertEq(store.purchaseOf(nonce).byteCount, 0, "bytes");
        assertEq(token.balanceOf(address(store)), escrowOf(deal), "store");
    }

    function assertOwnerSide(uint256 byteCount) private view {
        (uint256 gross, uint256 affiliate, uint256 avatar) = sharesOf(deal, byteCount);
        assertEq(token.balanceOf(AFFILIATE), affiliate, "affiliate");
        assertEq(token.balanceOf(AVATAR), avatar, "avatar");
        assertEq(token.balanceOf(OWNER), gross - affiliate - avatar, "owner");
    }
}
