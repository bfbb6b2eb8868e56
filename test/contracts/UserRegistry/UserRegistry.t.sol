// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiRegistry} from "../../../contracts/ParatiiRegistry.sol";
import {UserRegistry} from "../../../contracts/UserRegistry.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Test} from "../support/Test.sol";

contract UserRegistryTest is Test {
    uint256 private constant _KEY = 0xA11CE;
    address private _user;
    UserRegistry private _users;

    function setUp() external {
        vm.warp(1_800_000_000);
        _user = vm.addr(_KEY);
        _users = new UserRegistry(new ParatiiRegistry(address(this)));
    }

    function test_AMailboxKeyIsSetChangedAndRemoved() external {
        _users.setMailboxKey(key(1));
        assertEq(keccak256(_users.mailboxKeyOf(address(this))), keccak256(key(1)), "set");
        _users.setMailboxKey(key(2));
        assertEq(keccak256(_users.mailboxKeyOf(address(this))), keccak256(key(2)), "changed");
        _users.setMailboxKey("");
        assertEq(_users.mailboxKeyOf(address(this)).length, 0, "removed");
    }

    function test_AListOfNodesReplacesTheOneBefore() external {
        _users.setNodes(nodes(3, 2));
        assertEq(_users.nodesOf(address(this)).length, 3, "nodes");
        assertEq(_users.nodesOf(address(this))[2].addresses[1], "/ip4/127.0.0.1/tcp/1/ws", "address");
        _users.setNodes(nodes(1, 1));
        assertEq(_users.nodesOf(address(this)).length, 1, "replaced");
        assertEq(_users.nodesOf(address(this))[0].addresses.length, 1, "addresses too");
        assertEq(_users.nodesOf(_user).length, 0, "nobody else's");
    }

    function test_KeysThatAreNotCompressedAreRefused() external {
        vm.expectRevert(UserRegistry.UserRegistry_BadKey.selector);
        _users.setMailboxKey(hex"0102");
        UserRegistry.Node[] memory list = nodes(1, 1);
        list[0].key = "";
        vm.expectRevert(UserRegistry.UserRegistry_BadKey.selector);
        _users.setNodes(list);
    }

    function test_MoreThanIsKeptIsRefused() external {
        vm.expectRevert(UserRegistry.UserRegistry_TooMany.selector);
        _users.setNodes(nodes(17, 1));
        vm.expectRevert(UserRegistry.UserRegistry_TooMany.selector);
        _users.setNodes(nodes(1, 9));
        UserRegistry.Node[] memory list = nodes(1, 1);
        list[0].addresses[0] = string(new bytes(257));
        vm.expectRevert(UserRegistry.UserRegistry_TooMany.selector);
        _users.setNodes(list);
    }

    function test_AnybodySendsWhatTheUserSigned() external {
        uint256 deadline = vm.getBlockTimestamp();
        bytes32 typeHash = keccak256("SetMailboxKey(address user,bytes key,uint256 nonce,uint256 deadline)");
        Signature memory signature =
            signed(keccak256(abi.encode(typeHash, _user, keccak256(key(1)), 0, deadline)));
        _users.setMailboxKeyBySignature(_user, key(1), deadline, signature);
        assertEq(keccak256(_users.mailboxKeyOf(_user)), keccak256(key(1)), "mailbox");
        vm.expectRevert(UserRegistry.UserRegistry_BadSignature.selector);
        _users.setMailboxKeyBySignature(_user, key(1), deadline, signature);

        typeHash = keccak256(
            "SetNodes(address user,Node[] nodes,uint256 nonce,uint256 deadline)Node(bytes key,string[] addresses)"
        );
        UserRegistry.Node[] memory list = nodes(2, 1);
        bytes32 listHash = keccak256(abi.encodePacked(hashOf(list[0]), hashOf(list[1])));
        signature = signed(keccak256(abi.encode(typeHash, _user, listHash, 1, deadline)));
        _users.setNodesBySignature(_user, list, deadline, signature);
        assertEq(_users.nodesOf(_user).length, 2, "nodes");
    }

    function test_ALateSignatureIsRefused() external {
        uint256 deadline = block.timestamp - 1;
        bytes32 typeHash = keccak256("SetMailboxKey(address user,bytes key,uint256 nonce,uint256 deadline)");
        Signature memory signature =
            signed(keccak256(abi.encode(typeHash, _user, keccak256(key(1)), 0, deadline)));
        vm.expectRevert(abi.encodeWithSelector(UserRegistry.UserRegistry_Expired.selector, deadline));
        _users.setMailboxKeyBySignature(_user, key(1), deadline, signature);
    }

    function test_NoSignatureActsForTheZeroAddress() external {
        vm.expectRevert(UserRegistry.UserRegistry_BadSignature.selector);
        _users.setMailboxKeyBySignature(address(0), key(1), block.timestamp, Signature(0, 0));
    }

    function key(uint256 number) private pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x02), number);
    }

    function nodes(uint256 count, uint256 addresses) private pure returns (UserRegistry.Node[] memory list) {
        list = new UserRegistry.Node[](count);
        for (uint256 i; i < count; ++i) {
            list[i] = UserRegistry.Node(key(i), new string[](addresses));
            for (uint256 j; j < addresses; ++j) {
                list[i].addresses[j] = "/ip4/127.0.0.1/tcp/1/ws";
            }
        }
    }

    function hashOf(UserRegistry.Node memory node) private pure returns (bytes32) {
        bytes32 addresses = keccak256(abi.encodePacked(keccak256(bytes(node.addresses[0]))));
        return keccak256(abi.encode(keccak256("Node(bytes key,string[] addresses)"), keccak256(node.key), addresses));
    }

    function signed(bytes32 structHash) private view returns (Signature memory) {
        return sign(_KEY, toDigest(_users.domainSeparator(), structHash));
    }
}
