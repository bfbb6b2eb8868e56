// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {UserRegistry} from "../../../contracts/UserRegistry.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {StoreFixture} from "../support/StoreFixture.sol";

contract UserRegistryProfilesTest is StoreFixture {
    uint256 private constant _KEY = 0xA11CE;
    address private immutable _USER = vm.addr(_KEY);
    UserRegistry private _users;

    function setUp() external {
        deploy();
        _users = new UserRegistry(registry);
        registry.setAddress("VideoRegistry", address(videos));
        registry.setAddress("VideoStore", address(store));
    }

    function test_AProfileIsSetAndRemoved() external {
        _users.setMetadata("cid");
        assertEq(keccak256(_users.metadataOf(address(this))), keccak256("cid"), "set");
        _users.setMetadata("");
        assertEq(_users.metadataOf(address(this)).length, 0, "removed");
        vm.expectRevert(UserRegistry.UserRegistry_TooMany.selector);
        _users.setMetadata(new bytes(129));
    }

    function test_AKeyIsRotatedAndARevokedOneNeverComesBack() external {
        _users.setMailboxKey(aKey(1));
        _users.setMailboxKey(aKey(2));
        assertEq(_users.revokedFrom(address(this), aKey(1)), 0, "rotated, not revoked");
        _users.revokeMailboxKey(aKey(1));
        assertEq(_users.revokedFrom(address(this), aKey(1)), block.number, "from this block on");
        assertEq(keccak256(_users.mailboxKeyOf(address(this))), keccak256(aKey(2)), "the newer stays");
        _users.revokeMailboxKey(aKey(2));
        assertEq(_users.mailboxKeyOf(address(this)).length, 0, "the current one goes");
        vm.expectRevert(abi.encodeWithSelector(UserRegistry.UserRegistry_Revoked.selector, block.number));
        _users.setMailboxKey(aKey(2));
        vm.expectRevert(abi.encodeWithSelector(UserRegistry.UserRegistry_Revoked.selector, block.number));
        _users.revokeMailboxKey(aKey(2));
        assertEq(_users.revokedFrom(_USER, aKey(2)), 0, "nobody else's");
    }

    function test_AnybodySendsWhatTheUserSignedOnce() external {
        uint256 deadline = vm.getBlockTimestamp();
        Signature memory signature = signed("SetMetadata(address user,bytes cid,uint256 nonce,uint256 deadline)", "cid", 0);
        _users.setMetadataBySignature(_USER, "cid", deadline, signature);
        assertEq(keccak256(_users.metadataOf(_USER)), keccak256("cid"), "profile");
        vm.expectRevert(UserRegistry.UserRegistry_BadSignature.selector);
        _users.setMetadataBySignature(_USER, "cid", deadline, signature);
        signature = signed("RevokeMailboxKey(address user,bytes key,uint256 nonce,uint256 deadline)", aKey(1), 1);
        _users.revokeMailboxKeyBySignature(_USER, aKey(1), deadline, signature);
        assertEq(_users.revokedFrom(_USER, aKey(1)), block.number, "revoked");
    }

    function test_ItSaysWhoSellsAndWhoOwns() external {
        assertTrue(_users.sells(OWNER, id), "sells");
        assertTrue(!_users.sells(BUYER, id), "does not sell");
        IVideoStoreTypes.Order memory order = pinnedOrder(SIZE, "salt");
        bytes32 nonce = buy(order, SIGNER_KEY);
        address signer = vm.addr(SIGNER_KEY);
        assertTrue(!_users.owns(BUYER, order.deal, signer, order.allotments, address(0)), "not yet");
        settleOne(order.deal, SIZE, pinnedReceipt(nonce, SIGNER_KEY, SIZE));
        assertTrue(_users.owns(BUYER, order.deal, signer, order.allotments, address(0)), "owns");
    }

    function signed(string memory kind, bytes memory value, uint256 nonce) private view returns (Signature memory) {
        bytes32 structHash =
            keccak256(abi.encode(keccak256(bytes(kind)), _USER, keccak256(value), nonce, block.timestamp));
        return sign(_KEY, toDigest(_users.domainSeparator(), structHash));
    }
}
