// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal} from "../../../contracts/libraries/Deals.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

/// @dev Three hosts with keys of their own in a tree of depth 2, and a purchase that they end by one list.
contract VideoStoreTogetherTest is StoreFixture {
    uint256 private constant _OWNER_KEY = 0x0A11CE;
    uint40 private constant _CAP = 8_000_000;
    bytes32 private _nonce;
    Deal private _deal;
    bytes32[][] private _tree;

    function setUp() external {
        OWNER = vm.addr(_OWNER_KEY);
        deploy();
        _tree = keyedTree(0);
        IVideoStoreTypes.Order memory order = treeOrder(_tree, 6 * _CAP, "salt");
        _deal = order.deal;
        _nonce = buy(order, SIGNER_KEY);
    }

    function test_SignedByAllItEndsAtOnce() external {
        IVideoStoreTypes.Ending memory ending = listOf(5_000_000, 6_000_000, 7_000_000);
        store.closeTogether(ending, signaturesOf(ending));
        assertPaid(5_000_000, 6_000_000, 7_000_000);
    }

    function test_SignedByTheSignerAloneItIsARequestAndIsPaidAfterTheWindow() external {
        IVideoStoreTypes.Ending memory ending = listOf(5_000_000, 6_000_000, 7_000_000);
        store.closeTogether(ending, new Signature[](0));
        assertTrue(store.purchaseOf(_nonce).closing, "closing");
        uint256 end = store.escrowEnd(_nonce);
        assertEq(end, block.timestamp + PERIOD, "a period later");
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_NotEnded.selector, end));
        store.finish(ending);
        // A host with a newer receipt settles it in the window, and keeps it.
        settleOfFirst(6_500_000);
        vm.warp(end);
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_Proposed.selector, _nonce));
        store.reclaim(_deal, vm.addr(SIGNER_KEY), rootOf(_tree), BUYER);
        store.finish(ending);
        assertPaid(6_500_000, 6_000_000, 7_000_000);
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_AlreadyReclaimed.selector, _nonce));
        store.finish(ending);
    }

    function test_WhatWasSettledBeforeIsNotPaidTwice() external {
        settleOfFirst(3_000_000);
        IVideoStoreTypes.Ending memory ending = listOf(5_000_000, 0, 7_000_000);
        store.closeTogether(ending, signaturesOf(ending));
        assertPaid(5_000_000, 0, 7_000_000);
    }

    function test_AListAboveACapIsCut() external {
        IVideoStoreTypes.Ending memory ending = listOf(_CAP + 1, 0, type(uint40).max);
        store.closeTogether(ending, signaturesOf(ending));
        assertPaid(_CAP, 0, _CAP);
    }

    function test_NoHostIsLeftOut() external {
        IVideoStoreTypes.Ending memory ending = listOf(5_000_000, 6_000_000, 7_000_000);
        IVideoStoreTypes.Share[] memory two = new IVideoStoreTypes.Share[](2);
        (two[0], two[1]) = (ending.shares[0], ending.shares[1]);
        ending.shares = two;
        ending.counts[0] = 2;
        ending.signature = sign(SIGNER_KEY, digestOf(ending));
        Signature[] memory all = signaturesOf(ending);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadAllotments.selector);
        store.closeTogether(ending, all);
    }

    function test_WithoutOneSignatureItDoesNotEnd() external {
        IVideoStoreTypes.Ending memory ending = listOf(5_000_000, 6_000_000, 7_000_000);
        for (uint256 i; i < 4; ++i) {
            Signature[] memory all = signaturesOf(ending);
            all[i] = all[(i + 1) % 4];
            vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
            store.closeTogether(ending, all);
        }
        Signature[] memory few = new Signature[](1);
        few[0] = signaturesOf(ending)[0];
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.closeTogether(ending, few);
        ending.signature = sign(_OWNER_KEY, digestOf(ending));
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.closeTogether(ending, new Signature[](0));
    }

    function test_AnotherListIsNotPaidAfterTheWindow() external {
        store.closeTogether(listOf(5_000_000, 6_000_000, 7_000_000), new Signature[](0));
        IVideoStoreTypes.Ending memory other = listOf(0, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(IVideoStoreTypes.VideoStore_Closing.selector, _nonce));
        store.closeTogether(other, new Signature[](0));
        vm.warp(store.escrowEnd(_nonce));
        vm.expectRevert(IVideoStoreTypes.VideoStore_NotAllowed.selector);
        store.finish(other);
    }

    function test_FurtherTreesAreOfTheListToo() external {
        bytes32[][] memory further = keyedTree(4);
        store.allot(
            _deal, vm.addr(SIGNER_KEY), BUYER, rootOf(_tree), rootOf(further), signAllot(SIGNER_KEY, _nonce, 1, rootOf(further))
        );
        IVideoStoreTypes.Ending memory ending = listOf(1_000_000, 1_000_000, 1_000_000);
        Signature[] memory all = signaturesOf(ending);
        vm.expectRevert(IVideoStoreTypes.VideoStore_BadAllotments.selector);
        store.closeTogether(ending, all);
        IVideoStoreTypes.Share[] memory six = new IVideoStoreTypes.Share[](6);
        for (uint256 i; i < 6; ++i) {
            six[i] = ending.shares[i % 3];
        }
        ending.shares = six;
        ending.counts = new uint256[](2);
        (ending.counts[0], ending.counts[1]) = (3, 3);
        ending.signature = sign(SIGNER_KEY, digestOf(ending));
        store.closeTogether(ending, signaturesOf(ending));
        assertPaid(2_000_000, 2_000_000, 2_000_000);
    }

    function testFuzz_AListPaysWhatReceiptsWould(uint40[3] calldata listed, uint40 settled) external {
        settled = uint40(bound(settled, 0, _CAP));
        if (settled != 0) settleOfFirst(settled);
        IVideoStoreTypes.Ending memory ending = listOf(listed[0], listed[1], listed[2]);
        store.closeTogether(ending, signaturesOf(ending));
        uint40[3] memory expected = [cut(listed[0]), cut(listed[1]), cut(listed[2])];
        if (expected[0] < settled) expected[0] = settled;
        assertPaid(expected[0], expected[1], expected[2]);
    }

    function cut(uint40 byteCount) private pure returns (uint40) {
        return byteCount < _CAP ? byteCount : _CAP;
    }

    function hostKey(uint256 number) private pure returns (uint256) {
        return 0xAA00 + number;
    }

    function keyedTree(uint32 first) private pure returns (bytes32[][] memory) {
        return treeOf(3, _CAP, first, 2);
    }

    function hostOf(uint256 number) internal pure override returns (IVideoStoreTypes.Payee memory) {
        return IVideoStoreTypes.Payee({key: vm.addr(hostKey(number)), payout: address(uint160(0xBB00 + number))});
    }

    function listOf(uint40 a, uint40 b, uint40 c) private view returns (IVideoStoreTypes.Ending memory ending) {
        uint40[3] memory byteCounts = [a, b, c];
        ending.deal = _deal;
        ending.signer = vm.addr(SIGNER_KEY);
        ending.buyer = BUYER;
        ending.allotments = rootOf(_tree);
        ending.counts = new uint256[](1);
        ending.counts[0] = 3;
        ending.shares = new IVideoStoreTypes.Share[](3);
        for (uint256 i; i < 3; ++i) {
            IVideoStoreTypes.Payee memory host = hostOf(i);
            ending.shares[i] = IVideoStoreTypes.Share({
                keyCapBytes: (uint256(uint160(host.key)) << 96) | (uint256(_CAP) << 40) | byteCounts[i],
                payout: host.payout
            });
        }
        ending.signature = sign(SIGNER_KEY, digestOf(ending));
    }

    function digestOf(IVideoStoreTypes.Ending memory ending) private view returns (bytes32) {
        bytes memory shares;
        for (uint256 i; i < ending.shares.length; ++i) {
            shares = bytes.concat(shares, abi.encode(ending.shares[i]));
        }
        bytes32 typeHash = keccak256("CloseTogether(bytes32 purchase,bytes32 counts,bytes32 shares)");
        bytes32 counts = keccak256(abi.encodePacked(ending.counts));
        return toDigest(
            store.domainSeparator(), keccak256(abi.encode(typeHash, _nonce, counts, keccak256(shares)))
        );
    }

    function signaturesOf(IVideoStoreTypes.Ending memory ending) private view returns (Signature[] memory all) {
        bytes32 digest = digestOf(ending);
        all = new Signature[](ending.shares.length + 1);
        all[0] = sign(_OWNER_KEY, digest);
        for (uint256 i; i < ending.shares.length; ++i) {
            all[i + 1] = sign(hostKey(i % 3), digest);
        }
    }

    function settleOfFirst(uint40 byteCount) private {
        IVideoStoreTypes.TreeReceipt[] memory receipts = new IVideoStoreTypes.TreeReceipt[](1);
        receipts[0] = treeReceipt(_nonce, SIGNER_KEY, _tree, 0, 0, _CAP, byteCount);
        settleTree(_deal, SIGNER_KEY, rootOf(_tree), 1, receipts);
    }

    /// @dev By the spec: each host its bytes, owner and shares for all of them, the buyer the rest, the store nothing.
    function assertPaid(uint256 a, uint256 b, uint256 c) private view {
        assertEq(token.balanceOf(hostOf(0).payout), a * FEE, "first host");
        assertEq(token.balanceOf(hostOf(1).payout), b * FEE, "second host");
        assertEq(token.balanceOf(hostOf(2).payout), c * FEE, "third host");
        (uint256 gross, uint256 affiliate, uint256 avatar) = sharesOf(_deal, a + b + c);
        assertEq(token.balanceOf(OWNER), gross - affiliate - avatar, "owner");
        assertEq(token.balanceOf(AFFILIATE), affiliate, "affiliate");
        assertEq(token.balanceOf(AVATAR), avatar, "avatar");
        assertEq(token.balanceOf(BUYER), 100_000 ether - gross - (a + b + c) * FEE, "buyer");
        assertEq(token.balanceOf(address(store)), 0, "store");
        assertTrue(store.purchaseOf(_nonce).reclaimed, "ended");
    }
}
