// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SendEther} from "../../../contracts/SendEther.sol";
import {Test} from "../support/Test.sol";

/// @dev Refuses ether.
contract Miser {}

contract SendEtherTest is Test {
    address private constant _TO = address(0xBEEF);
    SendEther private _sender;

    function setUp() external {
        _sender = new SendEther();
        vm.deal(address(this), 5);
    }

    function test_ItForwardsAllAndLogsWhatFor() external {
        vm.recordLogs();
        _sender.send{value: 3}(payable(_TO), "thanks");
        assertEq(_TO.balance, 3, "forwarded");
        assertEq(address(_sender).balance, 0, "nothing stays");
        (uint256 amount, string memory description) = abi.decode(vm.getRecordedLogs()[0].data, (uint256, string));
        assertEq(amount, 3, "amount");
        assertEq(description, "thanks", "description");
    }

    function test_AReceiverThatRefusesUndoesIt() external {
        address miser = address(new Miser());
        vm.expectRevert(abi.encodeWithSelector(SendEther.SendEther_Refused.selector, miser));
        _sender.send{value: 3}(payable(miser), "");
        assertEq(address(this).balance, 5, "still here");
    }
}
