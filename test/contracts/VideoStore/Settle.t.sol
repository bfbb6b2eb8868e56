// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {CompactSignatures, Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {PinnedReceipt} from "../../../contracts/libraries/PinnedReceipts.sol";
import {Format} from "../../../contracts/libraries/VideoDocuments.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

contract VideoStoreSettleTest is StoreFixture {
    using CompactSignatures for bytes32;

    Deal private deal;
    bytes32 private nonce;

    function setUp() external {
        deploy();
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        nonce = buy(order, SIGNER_KEY);
        deal = order.deal;
    }

    function test_AReceiptPaysHostOwnerAffiliateAndAvatar() external {
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 7_000_003));
        assertPaid(7_000_003);
        assertEq(store.paidBytes(nonce, 0), 7_000_003, "bytes");
    }

    function test_WithoutAffiliateAndAvatarTheOwnerHasTheWholePrice() external {
        registry.unsetAddress("ParatiiAvatar");
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "other");
        order.deal.affiliate = address(0);
        bytes32 other = buy(order, SIGNER_KEY);
        settleOne(order.deal, SIZE, pinnedReceipt(other, SIGNER_KEY, SIZE));
        assertEq(token.balanceOf(OWNER), PRICE, "owner");
        assertEq(token.balanceOf(AVATAR), 0, "avatar");
    }

    /// @dev Of the fortieth unit affiliate and avatar would each have one, had they not to share what is left.
    function test_SharesThatRoundUpTogetherTakeNothingFromTheOwner() external {
        Format[] memory list = formats(100);
        (list[0].size, list[0].affiliateBps) = (100, 5000);
        vm.prank(OWNER);
        videos.edit(id, aDocument(), list);
        IVideoStoreTypes.Order memory order = pinnedOrder(100, "tiny");
        bytes32 tiny = buy(order, SIGNER_KEY);
        uint256 had = token.balanceOf(OWNER);
        for (uint40 byteCount = 1; byteCount <= 100; ++byteCount) {
            uint256 before = token.balanceOf(OWNER);
            settleOne(order.deal, 100, pinnedReceipt(tiny, SIGNER_KEY, byteCount));
            assertEq(store.paidBytes(tiny, 0), byteCount, "counted");
            assertTrue(token.balanceOf(OWNER) >= before, "never less");
        }
        (uint256 gross, uint256 affiliate, uint256 avatar) = sharesOf(order.deal, 100);
        assertEq(token.balanceOf(OWNER) - had, gross - affiliate - avatar, "all of it");
    }

    function test_ALaterReceiptPaysTheDifference() external {
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 1_000_001));
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 3));
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 20_000_000));
        assertPaid(20_000_000);
    }

    function test_TheSameReceiptPaysOnce() external {
        PinnedReceipt[] memory receipts = new PinnedReceipt[](3);
        receipts[0] = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        receipts[1] = receipts[0];
        receipts[2] = pinnedReceipt(nonce, SIGNER_KEY, 4_000_000);
        settlePinned(deal, SIZE, receipts);
        settlePinned(deal, SIZE, receipts);
        assertPaid(5_000_000);
    }

    function test_BytesAboveTheCapAreNotPaid() external {
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, SIZE + 1_000_000));
        assertPaid(SIZE);
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, SIZE + 2_000_000));
        assertPaid(SIZE);
        assertEq(token.balanceOf(address(store)), 0, "all is paid");
    }

    function test_AnotherCapOrHostThanTheAllottedIsUnknown() external {
        settleOne(deal, SIZE + 1, pinnedReceipt(nonce, SIGNER_KEY, 5_000_000));
        IVideoStoreTypes.Payee[] memory payees = new IVideoStoreTypes.Payee[](1);
        payees[0] = IVideoStoreTypes.Payee(hostOf(0).key, RELAYER);
        Deal[] memory deals = new Deal[](1);
        deals[0] = deal;
        IVideoStoreTypes.PinnedGroup[] memory groups = new IVideoStoreTypes.PinnedGroup[](1);
        groups[0] = IVideoStoreTypes.PinnedGroup(0, 0, SIZE, new PinnedReceipt[](1));
        groups[0].receipts[0] = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        store.settle(payees, deals, groups, new IVideoStoreTypes.TreeGroup[](0));
        assertPaid(0);
        assertEq(token.balanceOf(RELAYER), 0, "nobody else");
    }

    function test_OtherTermsThanTheSnapshotAreUnknown() external {
        deal.terms.fee *= 2;
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 5_000_000));
        deal.terms.fee /= 2;
        deal.affiliate = RELAYER;
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 5_000_000));
        deal.affiliate = AFFILIATE;
        assertPaid(0);
    }

    function test_ATermsTableOfNonsenseHarmsNoOther() external {
        IVideoStoreTypes.Payee[] memory payees = new IVideoStoreTypes.Payee[](1);
        payees[0] = hostOf(0);
        Deal[] memory deals = new Deal[](2);
        deals[1] = deal;
        IVideoStoreTypes.PinnedGroup[] memory groups = new IVideoStoreTypes.PinnedGroup[](2);
        groups[0] = IVideoStoreTypes.PinnedGroup(0, 0, SIZE, new PinnedReceipt[](1));
        groups[1] = IVideoStoreTypes.PinnedGroup(1, 0, SIZE, new PinnedReceipt[](1));
        groups[0].receipts[0] = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        groups[1].receipts[0] = groups[0].receipts[0];
        store.settle(payees, deals, groups, new IVideoStoreTypes.TreeGroup[](0));
        assertPaid(5_000_000);
    }

    function test_AReceiptOfAnotherKeyIsSkipped() external {
        PinnedReceipt memory receipt = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        receipt.signature = signReceipt(BUYER_KEY, nonce, 0, 5_000_000);
        settleOne(deal, SIZE, receipt);
        assertPaid(0);
    }

    function test_AReceiptForAnotherLeafBytesOrHashIsSkipped() external {
        PinnedReceipt memory receipt = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        receipt.signature = signReceipt(SIGNER_KEY, nonce, 1, 5_000_000);
        settleOne(deal, SIZE, receipt);
        receipt = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        receipt.signerAndBytes += 1;
        settleOne(deal, SIZE, receipt);
        receipt = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        receipt.hash = 0;
        settleOne(deal, SIZE, receipt);
        assertPaid(0);
    }

    function test_AReceiptForAnotherStoreOrChainIsSkipped() external {
        VideoStore own = store;
        store = new VideoStore(token, videos, registry, PERIOD);
        PinnedReceipt memory receipt = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        store = own;
        settleOne(deal, SIZE, receipt);
        vm.chainId(5);
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY + 1, 5_000_000));
        assertPaid(0);
        // A fork of the chain has its own domain; the receipt of one is not paid on the other.
        PinnedReceipt memory forked = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        vm.chainId(31_337);
        settleOne(deal, SIZE, forked);
        assertPaid(0);
    }

    function test_AReceiptOfAnotherPurchaseIsSkipped() external {
        bytes32 other = buy(pinnedOrder(SIZE, "other"), SIGNER_KEY + 1);
        PinnedReceipt memory receipt = pinnedReceipt(other, SIGNER_KEY, 5_000_000);
        settleOne(deal, SIZE, receipt);
        assertPaid(0);
    }

    function test_ASignatureOfAnotherPurposeIsSkipped() external {
        PinnedReceipt memory receipt = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        receipt.signature = signRequestClose(SIGNER_KEY, nonce);
        settleOne(deal, SIZE, receipt);
        assertPaid(0);
    }

    function test_ThereIsNothingToPayFromTheEndOn() external {
        vm.warp(store.escrowEnd(nonce) - 1);
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 1_000_000));
        assertPaid(1_000_000);
        vm.warp(block.timestamp + 1);
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, 5_000_000));
        assertPaid(1_000_000);
    }

    function test_OneBadReceiptAmongAHundredHarmsNoOther() external {
        PinnedReceipt[] memory receipts = new PinnedReceipt[](100);
        uint256 fees;
        for (uint256 i; i < 100; ++i) {
            bytes32 one = buy(pinnedOrder(SIZE, bytes32(i)), SIGNER_KEY + 1 + i);
            receipts[i] = pinnedReceipt(one, SIGNER_KEY + 1 + i, uint40(1000 + i));
            if (i != 50) fees += (1000 + i) * FEE;
        }
        receipts[50].signature.r = 0;
        settlePinned(deal, SIZE, receipts);
        assertEq(token.balanceOf(hostOf(0).payout), fees, "host");
    }

    function test_AZeroPayoutIsSkippedAndHarmsNoOther() external {
        IVideoStoreTypes.Payee[] memory payees = new IVideoStoreTypes.Payee[](2);
        payees[1] = hostOf(0);
        Deal[] memory deals = new Deal[](1);
        deals[0] = deal;
        IVideoStoreTypes.PinnedGroup[] memory groups = new IVideoStoreTypes.PinnedGroup[](2);
        groups[0] = IVideoStoreTypes.PinnedGroup(0, 0, SIZE, new PinnedReceipt[](1));
        groups[1] = IVideoStoreTypes.PinnedGroup(0, 1, SIZE, new PinnedReceipt[](1));
        groups[0].receipts[0] = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        groups[1].receipts[0] = groups[0].receipts[0];
        store.settle(payees, deals, groups, new IVideoStoreTypes.TreeGroup[](0));
        assertPaid(5_000_000);
    }

    function test_CodeAtTheSignersAddressVoidsNothing() external {
        PinnedReceipt memory receipt = pinnedReceipt(nonce, SIGNER_KEY, 5_000_000);
        // An EIP-7702 delegation, or any code: receipts are checked by ecrecover alone.
        vm.etch(vm.addr(SIGNER_KEY), hex"ef01000000000000000000000000000000000000000000");
        vm.etch(BUYER, hex"60006000fd");
        settleOne(deal, SIZE, receipt);
        assertPaid(5_000_000);
    }

    function test_WhoHasPaidTheWholePriceOwns() external {
        address signer = vm.addr(SIGNER_KEY);
        bytes32 word = pinnedWord(SIZE);
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, SIZE - 1));
        assertTrue(!store.owns(BUYER, deal, signer, word, address(0)), "not yet");
        settleOne(deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, SIZE));
        assertTrue(store.owns(BUYER, deal, signer, word, address(0)), "owns");
        assertTrue(!store.owns(RELAYER, deal, signer, word, address(0)), "nobody else");
        vm.warp(block.timestamp + 3 * PERIOD);
        store.reclaim(deal, signer, word, address(0));
        assertTrue(store.owns(BUYER, deal, signer, word, address(0)), "for ever");
    }

    function testFuzz_SumsDoNotDependOnOrderOrBatches(uint40[5] memory counts, uint256 batching) external {
        uint40 most;
        PinnedReceipt[] memory batch = new PinnedReceipt[](5);
        for (uint256 i; i < 5; ++i) {
            uint40 byteCount = uint40(bound(counts[i], 0, uint256(SIZE) * 2));
            if (byteCount > most) most = byteCount;
            batch[i] = pinnedReceipt(nonce, SIGNER_KEY, byteCount);
            if (batching >> i & 1 == 0) settleOne(deal, SIZE, batch[i]);
        }
        settlePinned(deal, SIZE, batch);
        assertPaid(most < SIZE ? most : SIZE);
    }

    function testFuzz_TheLoopCountsWhatPlainSolidityWould(uint40[6] memory counts, uint256 faults, uint40 cap)
        external
    {
        cap = uint40(bound(cap, 1, SIZE));
        PinnedReceipt[] memory batch = new PinnedReceipt[](6);
        uint256 expected;
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "fuzz");
        order.allotments = pinnedWord(cap);
        uint256[3] memory paid;
        bytes32[3] memory nonces;
        for (uint256 i; i < 3; ++i) {
            nonces[i] = buy(order, 100 + i);
        }
        for (uint256 i; i < 6; ++i) {
            uint256 key = 100 + i % 3;
            uint40 byteCount = uint40(bound(counts[i], 0, uint256(SIZE) + 10));
            batch[i] = pinnedReceipt(nonces[i % 3], key, byteCount);
            uint256 fault = (faults >> (8 * i)) % 6;
            if (fault == 1) batch[i].signature.vs ^= bytes32(uint256(1) << 255);
            if (fault == 2) batch[i].hash = bytes32(faults);
            // What the loop must do, in the words of the spec.
            uint256 counted = byteCount < cap ? byteCount : cap;
            bytes32 digest = fault == 2 ? bytes32(0) : digestReceipt(nonces[i % 3], 0, byteCount);
            bool signed = this.recover(digest, batch[i].signature) == vm.addr(key);
            if (signed && counted > paid[i % 3]) {
                expected += (counted - paid[i % 3]) * FEE;
                paid[i % 3] = counted;
            }
        }
        settlePinned(order.deal, cap, batch);
        assertEq(token.balanceOf(hostOf(0).payout), expected, "host");
        for (uint256 i; i < 3; ++i) {
            assertEq(store.paidBytes(nonces[i], 0), paid[i], "bytes");
        }
    }

    function testFuzz_AHighSIsRefused(bytes32 digest, uint256 s, bytes32 r) external view {
        uint256 half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
        s = bound(s, half + 1, (1 << 255) - 1);
        assertEq(this.recover(digest, Signature(r, bytes32(s))), address(0), "high s");
        assertEq(this.recover(digest, Signature(r, bytes32(s | (1 << 255)))), address(0), "high s, odd");
    }

    function recover(bytes32 digest, Signature calldata signature) external view returns (address) {
        return digest.recover(signature);
    }

    /// @dev Everybody has what `byteCount` bytes of the one purchase earn, and the store the rest.
    function assertPaid(uint256 byteCount) private view {
        (uint256 gross, uint256 affiliate, uint256 avatar) = sharesOf(deal, byteCount);
        assertEq(token.balanceOf(hostOf(0).payout), byteCount * FEE, "host");
        assertEq(token.balanceOf(AFFILIATE), affiliate, "affiliate");
        assertEq(token.balanceOf(AVATAR), avatar, "avatar");
        assertEq(token.balanceOf(OWNER), gross - affiliate - avatar, "owner");
    }
}
