// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiToken} from "../../../contracts/ParatiiToken.sol";
import {IERC223Receiver} from "../../../contracts/interfaces/IERC223Receiver.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Test} from "../support/Test.sol";

/// @dev Takes tokens with data, unless told to refuse.
contract Fallback is IERC223Receiver {
    address public from;
    uint256 public value;
    bytes public data;

    function tokenFallback(address from_, uint256 value_, bytes calldata data_) external {
        require(data_.length != 0, "refused");
        (from, value, data) = (from_, value_, data_);
    }
}

contract ParatiiTokenManagedTest is Test {
    uint256 private constant _KEY = 0xA11CE;
    address private immutable _USER = vm.addr(_KEY);
    ParatiiToken private _token;

    function setUp() external {
        vm.warp(1_800_000_000);
        _token = new ParatiiToken(address(this));
    }

    function test_ATransferWithDataTellsAContractAndRefusedIsUndone() external {
        Fallback receiver = new Fallback();
        _token.transfer(address(receiver), 7, hex"c0ffee");
        assertEq(receiver.from(), address(this), "from");
        assertEq(receiver.value(), 7, "value");
        assertEq(keccak256(receiver.data()), keccak256(hex"c0ffee"), "data");
        vm.expectRevert(abi.encodeWithSignature("Error(string)", "refused"));
        _token.transfer(address(receiver), 7, "");
        assertEq(_token.balanceOf(address(receiver)), 7, "undone");
        _token.transfer(_USER, 7, "");
        assertEq(_token.balanceOf(_USER), 7, "a person is not called");
    }

    function test_AViewerIsCreatedByItsSignatureOnce() external {
        bytes32 typeHash = keccak256("CreateViewer(address user,uint256 nonce,uint256 deadline)");
        Signature memory signature = signed(keccak256(abi.encode(typeHash, _USER, 0, block.timestamp)));
        _token.createViewer(_USER, block.timestamp, signature);
        assertTrue(_token.isManaged(_USER), "managed");
        vm.expectRevert(ParatiiToken.ParatiiToken_BadSignature.selector);
        _token.createViewer(_USER, block.timestamp, signature);
    }

    function test_AViewerThatOwnsTokensIsNotCreated() external {
        _token.transfer(_USER, 1);
        vm.expectRevert(abi.encodeWithSelector(ParatiiToken.ParatiiToken_OwnsTokens.selector, _USER));
        _token.createViewer(_USER, block.timestamp, Signature(0, 0));
    }

    function test_OnlyTheUserSetsTheFlagItselfOrBySignature() external {
        _token.setManaged(true);
        assertTrue(_token.isManaged(address(this)), "itself");
        bytes32 typeHash = keccak256("SetManaged(address user,bool managed,uint256 nonce,uint256 deadline)");
        uint256 deadline = vm.getBlockTimestamp();
        Signature memory signature = signed(keccak256(abi.encode(typeHash, _USER, true, 0, deadline)));
        vm.expectRevert(ParatiiToken.ParatiiToken_BadSignature.selector);
        _token.setManagedBySignature(_USER, false, deadline, signature);
        _token.setManagedBySignature(_USER, true, deadline, signature);
        assertTrue(_token.isManaged(_USER), "by signature");
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(ParatiiToken.ParatiiToken_Expired.selector, deadline));
        _token.setManagedBySignature(_USER, false, deadline, signature);
        vm.expectRevert(ParatiiToken.ParatiiToken_BadSignature.selector);
        _token.setManagedBySignature(address(0), true, deadline + 1, Signature(0, 0));
        vm.prank(_USER);
        _token.setManaged(false);
        assertTrue(!_token.isManaged(_USER), "left");
    }

    function signed(bytes32 structHash) private view returns (Signature memory) {
        return sign(_KEY, toDigest(_token.DOMAIN_SEPARATOR(), structHash));
    }
}
