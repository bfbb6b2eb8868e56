// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1363Receiver} from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import {ParatiiToken} from "../../../contracts/ParatiiToken.sol";
import {Test} from "../support/Test.sol";

/// @dev Accepts tokens, and remembers what they came with.
contract Receiver is IERC1363Receiver {
    uint256 public received;
    bytes public data;

    function onTransferReceived(address, address, uint256 value, bytes calldata data_) external returns (bytes4) {
        (received, data) = (value, data_);
        return IERC1363Receiver.onTransferReceived.selector;
    }
}

/// @dev Told of tokens, it moves them on at once, and takes all that it may.
contract Thief is IERC1363Receiver {
    ParatiiToken private immutable _token;

    constructor(ParatiiToken token) {
        _token = token;
    }

    function onTransferReceived(address, address from, uint256 value, bytes calldata) external returns (bytes4) {
        _token.transfer(address(0xBEEF), value);
        _token.transferFrom(from, address(0xBEEF), 10);
        return this.onTransferReceived.selector;
    }
}

contract ParatiiTokenTest is Test {
    uint256 private constant _KEY = 0xA11CE;
    address private constant _OTHER = address(0xBEEF);
    address private _holder;
    ParatiiToken private _token;

    function setUp() external {
        vm.warp(1_800_000_000);
        _holder = vm.addr(_KEY);
        _token = new ParatiiToken(_holder);
    }

    function test_TheSupplyIs21MillionOf18Decimals() external view {
        assertEq(_token.totalSupply(), 21_000_000 * 10 ** 18, "supply");
        assertEq(_token.balanceOf(_holder), _token.totalSupply(), "holder");
        assertEq(_token.decimals(), 18, "decimals");
        assertEq(_token.symbol(), "PTI", "symbol");
    }

    function test_APermitAllowsBySignature() external {
        bytes32 typeHash =
            keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
        bytes32 structHash = keccak256(abi.encode(typeHash, _holder, _OTHER, 5, 0, block.timestamp));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_KEY, toDigest(_token.DOMAIN_SEPARATOR(), structHash));
        _token.permit(_holder, _OTHER, 5, block.timestamp, v, r, s);
        assertEq(_token.allowance(_holder, _OTHER), 5, "allowance");
    }

    function test_AnAuthorizationMovesTokensOnce() external {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        uint256 until = block.timestamp + 1;
        bytes32 structHash = keccak256(abi.encode(typeHash, _holder, _OTHER, 5, 0, until, bytes32("nonce")));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(_KEY, toDigest(_token.DOMAIN_SEPARATOR(), structHash));
        vm.prank(_OTHER);
        _token.receiveWithAuthorization(_holder, _OTHER, 5, 0, until, "nonce", v, r, s);
        assertEq(_token.balanceOf(_OTHER), 5, "moved");
        vm.prank(_OTHER);
        vm.expectRevert(
            abi.encodeWithSignature("ERC3009UsedAuthorization(address,bytes32)", _holder, bytes32("nonce"))
        );
        _token.receiveWithAuthorization(_holder, _OTHER, 5, 0, until, "nonce", v, r, s);
    }

    function test_AMultiTransferPaysEachAllOrNone() external {
        uint256[] memory payments = new uint256[](3);
        payments[0] = (uint256(uint160(_OTHER)) << 96) | 5;
        payments[1] = (uint256(uint160(address(0xCAFE))) << 96) | 7;
        payments[2] = (uint256(uint160(_OTHER)) << 96) | 1;
        vm.prank(_holder);
        assertTrue(_token.multiTransfer(payments), "answers true");
        assertEq(_token.balanceOf(_OTHER), 6, "twice");
        assertEq(_token.balanceOf(address(0xCAFE)), 7, "once");
        payments[0] = (uint256(uint160(_holder)) << 96) | 1;
        vm.prank(_OTHER);
        vm.expectRevert(abi.encodeWithSignature("ERC20InsufficientBalance(address,uint256,uint256)", _OTHER, 5, 7));
        _token.multiTransfer(payments);
        assertEq(_token.balanceOf(_OTHER), 6, "none of it");
    }

    function test_AHostileReceiverGainsNothingByReentering() external {
        Thief thief = new Thief(_token);
        vm.prank(_holder);
        _token.approve(address(thief), 10);
        vm.prank(_holder);
        _token.transferAndCall(address(thief), 7);
        assertEq(_token.balanceOf(address(thief)), 0, "it gave away what it got");
        assertEq(_token.balanceOf(_OTHER), 7 + 10, "that, and what it was allowed, once");
        vm.prank(_holder);
        vm.expectRevert(
            abi.encodeWithSignature("ERC20InsufficientAllowance(address,uint256,uint256)", address(thief), 0, 10)
        );
        _token.transferAndCall(address(thief), 7);
        assertEq(_token.balanceOf(_OTHER), 17, "undone");
    }

    function test_TransferAndCallTellsItsReceiver() external {
        Receiver receiver = new Receiver();
        vm.prank(_holder);
        _token.transferAndCall(address(receiver), 7, hex"c0ffee");
        assertEq(_token.balanceOf(address(receiver)), 7, "moved");
        assertEq(receiver.received(), 7, "told");
        assertEq(keccak256(receiver.data()), keccak256(hex"c0ffee"), "data");
    }
}
