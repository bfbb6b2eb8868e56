// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Checkpoints} from "../../../contracts/Checkpoints.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Test} from "../support/Test.sol";

contract CheckpointsTest is Test {
    uint256 private constant _KEY = 0xA11CE;
    address private immutable _ACCOUNT = vm.addr(_KEY);
    Checkpoints private _checkpoints;

    function setUp() external {
        vm.warp(1_800_000_000);
        _checkpoints = new Checkpoints();
    }

    function test_CheckpointsAreNumberedAndStay() external {
        assertEq(_checkpoints.checkpoint("one", "cid 1"), 1, "first");
        assertEq(_checkpoints.checkpoint("two", "cid 2"), 2, "second");
        assertEq(_checkpoints.rootOf(address(this), 1), "one", "root");
        assertEq(_checkpoints.countOf(address(this)), 2, "count");
        assertEq(_checkpoints.countOf(_ACCOUNT), 0, "nobody else's");
    }

    function test_ACidIsNeitherEmptyNorTooLong() external {
        vm.expectRevert(Checkpoints.Checkpoints_BadCid.selector);
        _checkpoints.checkpoint("root", "");
        vm.expectRevert(Checkpoints.Checkpoints_BadCid.selector);
        _checkpoints.checkpoint("root", new bytes(129));
    }

    function test_AnybodySendsWhatTheAccountSignedOnceAndInTime() external {
        uint256 deadline = vm.getBlockTimestamp();
        bytes32 typeHash =
            keccak256("Checkpoint(address account,uint256 number,bytes32 root,bytes cid,uint256 deadline)");
        bytes32 structHash =
            keccak256(abi.encode(typeHash, _ACCOUNT, 1, bytes32("root"), keccak256("cid"), deadline));
        Signature memory signature = sign(_KEY, toDigest(_checkpoints.domainSeparator(), structHash));
        _checkpoints.checkpointBySignature(_ACCOUNT, "root", "cid", deadline, signature);
        assertEq(_checkpoints.rootOf(_ACCOUNT, 1), "root", "root");
        vm.expectRevert(Checkpoints.Checkpoints_BadSignature.selector);
        _checkpoints.checkpointBySignature(_ACCOUNT, "root", "cid", deadline, signature);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(Checkpoints.Checkpoints_Expired.selector, deadline));
        _checkpoints.checkpointBySignature(_ACCOUNT, "root", "cid", deadline, signature);
        vm.expectRevert(Checkpoints.Checkpoints_BadSignature.selector);
        _checkpoints.checkpointBySignature(address(0), "root", "cid", deadline + 1, Signature(0, 0));
    }
}
