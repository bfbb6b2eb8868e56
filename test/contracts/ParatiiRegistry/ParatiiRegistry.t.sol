// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiRegistry} from "../../../contracts/ParatiiRegistry.sol";
import {Test} from "../support/Test.sol";

contract ParatiiRegistryTest is Test {
    address private constant _STRANGER = address(0xBAD);
    ParatiiRegistry private _registry;

    function setUp() external {
        _registry = new ParatiiRegistry(address(this));
    }

    function test_TheOwnerSetsAndUnsetsAddresses() external {
        _registry.setAddress("VideoStore", address(7));
        assertEq(_registry.addressOf("VideoStore"), address(7), "set");
        assertEq(_registry.addressOf("Videostore"), address(0), "another name");
        _registry.unsetAddress("VideoStore");
        assertEq(_registry.addressOf("VideoStore"), address(0), "unset");
    }

    function test_TheOwnerSetsAndUnsetsNumbers() external {
        _registry.setUint("avatarShareBps", 250);
        assertEq(_registry.uintOf("avatarShareBps"), 250, "set");
        _registry.unsetUint("avatarShareBps");
        assertEq(_registry.uintOf("avatarShareBps"), 0, "unset");
    }

    function test_TheOwnerSetsAndUnsetsTexts() external {
        _registry.setString("network", "devnet");
        assertEq(_registry.stringOf("network"), "devnet", "set");
        _registry.unsetString("network");
        assertEq(_registry.stringOf("network"), "", "unset");
    }

    function test_OneNameHasAnAddressANumberAndATextSideBySide() external {
        _registry.setAddress("x", address(1));
        _registry.setUint("x", 2);
        _registry.setString("x", "3");
        _registry.unsetUint("x");
        assertEq(_registry.addressOf("x"), address(1), "address");
        assertEq(_registry.stringOf("x"), "3", "text");
    }

    function test_NobodyElseSetsOrUnsetsAnything() external {
        bytes memory refusal = abi.encodeWithSignature("OwnableUnauthorizedAccount(address)", _STRANGER);
        bytes[6] memory calls = [
            abi.encodeCall(_registry.setAddress, ("x", address(1))),
            abi.encodeCall(_registry.setUint, ("x", 1)),
            abi.encodeCall(_registry.setString, ("x", "1")),
            abi.encodeCall(_registry.unsetAddress, ("x")),
            abi.encodeCall(_registry.unsetUint, ("x")),
            abi.encodeCall(_registry.unsetString, ("x"))
        ];
        for (uint256 i; i < calls.length; ++i) {
            vm.prank(_STRANGER);
            (bool success, bytes memory reason) = address(_registry).call(calls[i]);
            assertTrue(!success, "refused");
            assertEq(keccak256(reason), keccak256(refusal), "reason");
        }
    }

    function test_OwnershipMovesInTwoSteps() external {
        _registry.transferOwnership(_STRANGER);
        assertEq(_registry.owner(), address(this), "not yet");
        vm.prank(_STRANGER);
        _registry.acceptOwnership();
        assertEq(_registry.owner(), _STRANGER, "moved");
    }
}
